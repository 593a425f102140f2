// Reads a medium as whole as it can be read: first all that is easy, in large reads and past bad places; then the
// edges of the bad places, sector by sector; then their insides; and then, as often as wanted, what is still missing.
// The map says at every moment what has been read, so that a run can stop anywhere and go on.
import { IsodriveError, toIsodriveError } from '../../base/error.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { throwIfAborted } from '../../base/abortable.js';
import type { ByteSource } from '../../source/byte-source.js';
import type { ByteRange, RescueMap } from '../../source/rescue-map/rescue-map.js';
import type { MapPhase, MapPosition } from '../../source/rescue-map/rescue-map-text.js';
import { isBadPlace, sourceGone } from './medium-fault.js';

/** Sectors of a read where the medium is good, 1 MiB of user data. */
export const CHUNK_SECTORS = 512;
/** Sectors passed over behind a bad place; doubled with each further one, up to a share of the medium. */
const FIRST_SKIP = 32;
const MAX_SKIP = 32_768;
/** Multiples of a CD's speed at which bad places are tried: the lowest that most drives know. */
const RESCUE_SPEED = 4;
/** Failed reads without a good one between them after which the source is asked for what it gave before. */
export const FAILURES_BEFORE_CHECK = 8;

export interface RescueProgress extends MapPosition {
  readonly bytesRescued: number;
  readonly bytesTotal: number;
  /** Bytes of failed reads that nobody has read since. */
  readonly bytesBad: number;
}

export interface RescueOptions {
  /** How often what is bad is tried again. */
  readonly retries: number;
  /** Bytes of a sector, which is read whole or not at all (default those of user data). */
  readonly sectorBytes?: number;
  /** Stores bytes that were read; they may be changed once it has settled. */
  readonly write: (position: number, bytes: Uint8Array) => Promise<void>;
  /**
   * Is given the bytes in the order in which they are read, one call at a time; they may be changed once it has
   * settled.
   */
  readonly onBytes?: ((position: number, bytes: Uint8Array) => Promise<void>) | undefined;
  /** Called after every read; awaited when it gives a promise. */
  readonly onStep?: (() => Promise<void> | undefined) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class Rescuer {
  readonly #source: ByteSource;
  readonly #map: RescueMap;
  readonly #options: RescueOptions;
  readonly #sectorBytes: number;
  readonly #chunkBytes: number;
  readonly #buffers: readonly [Uint8Array, Uint8Array];
  #turn = 0;
  #writing: Promise<void> = Promise.resolve();
  #at: MapPosition = { position: 0, phase: '?', pass: 1 };
  #failuresInARow = 0;
  #lastGood: ByteRange | undefined;

  constructor(source: ByteSource, map: RescueMap, options: RescueOptions) {
    this.#source = source;
    this.#map = map;
    this.#options = options;
    this.#sectorBytes = options.sectorBytes ?? SECTOR_SIZE;
    this.#chunkBytes = CHUNK_SECTORS * this.#sectorBytes;
    this.#buffers = [allocate(this.#chunkBytes), allocate(this.#chunkBytes)];
  }

  /** Where the run stands, for the map file. */
  get at(): MapPosition {
    return this.#at;
  }

  /** How far it is; adds up the whole map. */
  get progress(): RescueProgress {
    const bytesRescued = this.#map.bytesOf('+');
    return {
      ...this.#at,
      bytesRescued,
      bytesTotal: this.#map.size,
      bytesBad: this.#map.size - bytesRescued - this.#map.bytesOf('?'),
    };
  }

  /**
   * Runs until everything has been read or every way was tried; the map tells which. Rejects with `image-unreadable`
   * when the source is gone, `image-changed`, `cancelled`, and as `write` does; the map is right then as well.
   */
  async run(): Promise<void> {
    try {
      await this.#copyForward(1, true);
      await this.#copyBackward(2);
      await this.#copyForward(3, false);
      if (!this.#map.isComplete) await this.#slowDown();
      await this.#trim();
      await this.#tryEach('/', '/', 1, false);
      for (let pass = 1; pass <= this.#options.retries; pass += 1) {
        if (this.#map.isComplete) break;
        await this.#tryEach('-', '-', pass, pass % 2 === 1);
      }
      this.#at = { ...this.#at, phase: '+' };
    } finally {
      await this.settle();
    }
  }

  /** Resolves when all that the map calls read has been written. */
  async settle(): Promise<void> {
    await this.#writing;
  }

  async #copyForward(pass: number, skips: boolean): Promise<void> {
    let skip = FIRST_SKIP * this.#sectorBytes;
    let position = 0;
    for (let run = this.#map.nextFrom(0, '?'); run !== undefined; run = this.#map.nextFrom(position, '?')) {
      const size = Math.min(run.size, this.#chunkBytes);
      position = run.position + size;
      if (await this.#attempt({ position: run.position, size }, '?', pass))
        skip = FIRST_SKIP * this.#sectorBytes;
      else {
        this.#map.mark(run.position, size, '*');
        if (skips) position += skip;
        skip = Math.min(skip * 2, MAX_SKIP * this.#sectorBytes);
      }
    }
  }

  /** What was passed over, from its end: a read from behind stops at the far edge of a bad place. */
  async #copyBackward(pass: number): Promise<void> {
    let position = this.#map.size;
    for (
      let run = this.#map.lastBefore(position, '?');
      run !== undefined;
      run = this.#map.lastBefore(position, '?')
    ) {
      const size = Math.min(run.size, this.#chunkBytes);
      position = run.position + run.size - size;
      if (await this.#attempt({ position, size }, '?', pass)) continue;
      this.#map.mark(position, size, '*');
      position = run.position;
    }
  }

  /** Many a sector is read at a low speed that is not at a high one. */
  async #slowDown(): Promise<void> {
    try {
      await this.#source.setSpeed?.(RESCUE_SPEED);
    } catch (thrown) {
      // A drive that does not obey reads as fast as it wants.
      if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
    }
  }

  /** Finds both edges of each bad place; what lies between is left for later. */
  async #trim(): Promise<void> {
    for (let run = this.#map.nextFrom(0, '*'); run !== undefined; run = this.#map.nextFrom(0, '*')) {
      const end = run.position + run.size;
      let front = run.position;
      while (front < end) {
        const sector = sectorAt(front, end, this.#sectorBytes);
        front += sector.size;
        if (await this.#attempt(sector, '*', 1)) continue;
        this.#map.mark(sector.position, sector.size, '-');
        break;
      }
      let back = end;
      while (back > front) {
        const sector = sectorBefore(back, front, this.#sectorBytes);
        back = sector.position;
        if (await this.#attempt(sector, '*', 1)) continue;
        this.#map.mark(sector.position, sector.size, '-');
        break;
      }
      this.#map.mark(front, back - front, '/');
    }
  }

  /** Tries each sector of such a status once. */
  async #tryEach(status: '/' | '-', phase: MapPhase, pass: number, backward: boolean): Promise<void> {
    let position = backward ? this.#map.size : 0;
    const next = (): ByteRange | undefined => {
      if (!backward) {
        const run = this.#map.nextFrom(position, status);
        return run && sectorAt(run.position, run.position + run.size, this.#sectorBytes);
      }
      const run = this.#map.lastBefore(position, status);
      return run && sectorBefore(run.position + run.size, run.position, this.#sectorBytes);
    };
    for (let sector = next(); sector !== undefined; sector = next()) {
      position = backward ? sector.position : sector.position + sector.size;
      if (!(await this.#attempt(sector, phase, pass))) this.#map.mark(sector.position, sector.size, '-');
    }
  }

  /** Reads a range and has it written; false when it cannot be read. */
  async #attempt({ position, size }: ByteRange, phase: MapPhase, pass: number): Promise<boolean> {
    throwIfAborted(this.#options.signal);
    this.#at = { position, phase, pass };
    const bytes = this.#buffers[this.#turn]!.subarray(0, size);
    const isRead = await this.#read(bytes, position);
    if (isRead) {
      this.#turn = 1 - this.#turn;
      await this.#writing;
      this.#writing = this.#passOn(position, bytes);
      // Awaited one turn later; a failure in between must not count as unhandled.
      this.#writing.catch(() => undefined);
    }
    const step = this.#options.onStep?.();
    if (step !== undefined) await step;
    return isRead;
  }

  async #read(bytes: Uint8Array, position: number): Promise<boolean> {
    try {
      const got = await this.#source.read(bytes, position, this.#options.signal);
      if (got === bytes.length) {
        this.#failuresInARow = 0;
        this.#lastGood = { position, size: Math.min(got, this.#sectorBytes) };
        return true;
      }
    } catch (thrown) {
      if (!isBadPlace(thrown)) throw toIsodriveError(thrown);
    }
    this.#failuresInARow += 1;
    if (this.#failuresInARow % FAILURES_BEFORE_CHECK === 0) await this.#checkAlive();
    return false;
  }

  /** A drive that lost its disc often says the same as one that has a scratched one. */
  async #checkAlive(): Promise<void> {
    if (this.#lastGood === undefined) return;
    try {
      await this.#source.read(
        new Uint8Array(this.#lastGood.size),
        this.#lastGood.position,
        this.#options.signal,
      );
    } catch (thrown) {
      if (!isBadPlace(thrown)) throw toIsodriveError(thrown);
      throw sourceGone(this.#source.name, thrown);
    }
  }

  async #passOn(position: number, bytes: Uint8Array): Promise<void> {
    await Promise.all([this.#write(position, bytes), this.#options.onBytes?.(position, bytes)]);
  }

  async #write(position: number, bytes: Uint8Array): Promise<void> {
    this.#map.mark(position, bytes.length, '+');
    try {
      await this.#options.write(position, bytes);
    } catch (thrown) {
      this.#map.mark(position, bytes.length, '?');
      throw thrown;
    }
  }
}

/** What is left of the sector at `position`, not beyond `end`. */
function sectorAt(position: number, end: number, bytes: number): ByteRange {
  const next = (Math.floor(position / bytes) + 1) * bytes;
  return { position, size: Math.min(next, end) - position };
}

/** What there is of the last sector before `end`, not before `start`. */
function sectorBefore(end: number, start: number, bytes: number): ByteRange {
  const position = Math.max(start, Math.floor((end - 1) / bytes) * bytes);
  return { position, size: end - position };
}

/** Memory that is not cleared first: all of it is read over. */
function allocate(bytes: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
}
