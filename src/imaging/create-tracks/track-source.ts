// The tracks of a CD in a drive as one run of whole sectors, 2352 bytes each, as a .bin file has them. A sector is
// given when the drive was sure of it: by C2 pointers, by the codes of data, and of sound by reading the one before it
// again.
import { throwIfAborted } from '../../base/abortable.js';
import { IsodriveError } from '../../base/error.js';
import { checkRawSector } from '../../disc/raw-sector.js';
import type { ByteSource } from '../../source/byte-source.js';
import type { DriveFacts } from '../../source/optical/drive-facts.js';
import { isGone, orUndefined, refuseEmpty } from '../../source/optical/loaded-drive.js';
import { C2_SIZE, RAW_SECTOR_SIZE } from '../../source/optical/optical-drive.js';
import type { OpticalDrive } from '../../source/optical/optical-drive.js';
import { RawReadings } from '../../source/optical/raw-sector.js';
import type { DiscLayout } from './disc-layout.js';

/** Blocks of a command: systems pass on 64 KiB at least. */
const MAX_BLOCKS = 24;
/** Readings of a sector of which the drive is not sure. */
const MAX_READINGS = 4;
const SAMPLE_BYTES = 4;
/** Milliseconds between two looks at whether the disc is still the same. */
const CHANGE_INTERVAL = 500;
/** What the first sector of a reading is compared with is the last of the one before it. */
const OVERLAP = 1;

export interface TrackSourceOptions {
  readonly layout: DiscLayout;
  readonly facts: DriveFacts;
  readonly offersC2: boolean;
  readonly stamp: number;
  /** Samples by which the drive gives sound too late. */
  readonly readOffset: number;
}

/** Blocks of one kind without a gap. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly isData: boolean;
  /** Byte of the source. */
  readonly position: number;
}

export class TrackSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly drive: DriveFacts;
  /** Blocks of data whose codes are wrong, though the drive gave them the same each time. */
  readonly wrongCodes = new Set<number>();
  readonly #drive: OpticalDrive;
  readonly #options: TrackSourceOptions;
  readonly #stretches: readonly Stretch[];
  #checkedAt = performance.now();
  #speed: number | undefined;
  /** The last sector of sound that was read. */
  #last: { readonly block: number; readonly bytes: Uint8Array } | undefined;

  /** Takes the drive. */
  constructor(drive: OpticalDrive, options: TrackSourceOptions) {
    this.name = drive.path;
    this.drive = options.facts;
    this.#drive = drive;
    this.#options = options;
    this.#stretches = divide(options.layout);
    const last = this.#stretches.at(-1)!;
    this.size = last.position + (last.end - last.start) * RAW_SECTOR_SIZE;
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    const wanted = Math.max(0, Math.min(target.length, this.size - position));
    for (let done = 0; done < wanted;) {
      throwIfAborted(signal);
      await this.#checkUnchanged();
      const at = position + done;
      const stretch = this.#stretches.findLast((one) => one.position <= at)!;
      const rest = stretch.position + (stretch.end - stretch.start) * RAW_SECTOR_SIZE - at;
      const most = MAX_BLOCKS * RAW_SECTOR_SIZE - ((at - stretch.position) % RAW_SECTOR_SIZE);
      const part = target.subarray(done, done + Math.min(wanted - done, rest, most));
      await this.#readPart(stretch, part, at - stretch.position);
      done += part.length;
    }
    return wanted;
  }

  async setSpeed(speed: number): Promise<void> {
    if (this.#speed !== undefined && this.#speed <= speed) return;
    await this.#drive.setSpeed(speed);
    this.#speed = speed;
  }

  /** `from`: byte of the stretch. */
  async #readPart(stretch: Stretch, target: Uint8Array, from: number): Promise<void> {
    const offset = stretch.isData ? 0 : this.#options.readOffset * SAMPLE_BYTES;
    const length = (stretch.end - stretch.start) * RAW_SECTOR_SIZE;
    // Beyond its ends no drive gives sound: there it is silence.
    const [first, last] = [from + offset, from + offset + target.length];
    const [begin, end] = [Math.max(0, Math.min(first, length)), Math.max(0, Math.min(last, length))];
    target.fill(0);
    if (end <= begin) return;
    const block = Math.floor(begin / RAW_SECTOR_SIZE);
    const count = Math.ceil(end / RAW_SECTOR_SIZE) - block;
    const bytes = await this.#readSectors(stretch, stretch.start + block, count);
    const skip = begin - block * RAW_SECTOR_SIZE;
    target.set(bytes.subarray(skip, skip + end - begin), begin - first);
  }

  async #readSectors(stretch: Stretch, block: number, count: number): Promise<Uint8Array> {
    if (stretch.isData) return this.#readSure(block, count, true);
    const before = this.#last;
    if (before?.block !== block - OVERLAP || before.block < stretch.start)
      return this.#keepLast(await this.#readSure(block, count, false), block + count - 1);
    for (let reading = 0; reading < MAX_READINGS; reading += 1) {
      const bytes = await this.#readSure(block - OVERLAP, count + OVERLAP, false);
      if (Buffer.compare(bytes.subarray(0, RAW_SECTOR_SIZE), before.bytes) !== 0) continue;
      return this.#keepLast(bytes.subarray(RAW_SECTOR_SIZE), block + count - 1);
    }
    this.#last = undefined;
    throw this.#unsure(block, 'the drive gives the sound before it differently each time');
  }

  #keepLast(bytes: Uint8Array, block: number): Uint8Array {
    this.#last = { block, bytes: bytes.slice(-RAW_SECTOR_SIZE) };
    return bytes;
  }

  /** Whole sectors of which the drive was sure. */
  async #readSure(block: number, count: number, isData: boolean): Promise<Uint8Array> {
    const { bytes, size } = await this.#readOnce(block, count);
    const result = Buffer.allocUnsafe(count * RAW_SECTOR_SIZE);
    for (let i = 0; i < count; i += 1) {
      const reading = bytes.subarray(i * size, (i + 1) * size);
      const sector = isSure(reading, isData)
        ? reading.subarray(0, RAW_SECTOR_SIZE)
        : await this.#readAgain(block + i, reading, isData);
      result.set(sector, i * RAW_SECTOR_SIZE);
    }
    return result;
  }

  /** One sector out of several readings. */
  async #readAgain(block: number, first: Uint8Array, isData: boolean): Promise<Uint8Array> {
    const readings = new RawReadings(isData);
    readings.add(first);
    let isSame = true;
    for (let i = 1; i < MAX_READINGS; i += 1) {
      const { bytes } = await this.#readOnce(block, 1);
      isSame &&= Buffer.compare(bytes, first) === 0;
      readings.add(bytes);
      if (readings.isSure && isProved(readings.sector, isData)) return readings.sector;
    }
    const isMarked = first.subarray(RAW_SECTOR_SIZE).some((byte) => byte !== 0);
    if (!isSame || isMarked || !isData) throw this.#unsure(block, 'the drive is not sure of its bytes');
    this.wrongCodes.add(block);
    return readings.sector;
  }

  /** Sectors with their C2 pointers, where the drive gives them. */
  async #readOnce(block: number, count: number): Promise<{ bytes: Uint8Array; size: number }> {
    if (this.#options.offersC2) {
      try {
        return { bytes: await this.#drive.readRaw(block, count, true), size: RAW_SECTOR_SIZE + C2_SIZE };
      } catch (thrown) {
        // Some drives mark the sectors of sound alone.
        if (!(thrown instanceof IsodriveError) || isGone(thrown)) throw thrown;
      }
    }
    return { bytes: await this.#drive.readRaw(block, count), size: RAW_SECTOR_SIZE };
  }

  #unsure(block: number, why: string): IsodriveError {
    return new IsodriveError('image-unreadable', `Cannot read block ${block} of "${this.name}": ${why}`, {
      at: { source: this.name },
    });
  }

  async #checkUnchanged(): Promise<void> {
    if (performance.now() - this.#checkedAt < CHANGE_INTERVAL) return;
    this.#checkedAt = performance.now();
    refuseEmpty(this.name, await this.#drive.state());
    if ((await this.#drive.stamp(this.#options.stamp)) === this.#options.stamp) return;
    const message = `Cannot trust "${this.name}" any more: the disc was changed, expected it to stay`;
    throw new IsodriveError('image-changed', message, { at: { source: this.name } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Drives keep a speed until the next disc.
    if (this.#speed !== undefined) await orUndefined(this.#drive.setSpeed(0));
    await this.#drive[Symbol.asyncDispose]();
  }
}

function isSure(reading: Uint8Array, isData: boolean): boolean {
  return reading.subarray(RAW_SECTOR_SIZE).every((byte) => byte === 0) && isProved(reading, isData);
}

function isProved(sector: Uint8Array, isData: boolean): boolean {
  if (!isData) return true;
  const { kind, fault } = checkRawSector(Buffer.from(sector.subarray(0, RAW_SECTOR_SIZE)));
  return kind !== 'audio' && fault === undefined;
}

/** Tracks that follow each other and are of one kind are one stretch; between sessions nothing is read. */
function divide({ tracks }: DiscLayout): Stretch[] {
  const stretches: Stretch[] = [];
  let position = 0;
  for (const { start, pregap, end, isData } of tracks) {
    const last = stretches.at(-1);
    const from = start - pregap;
    if (last?.isData === isData && last.end === from) stretches[stretches.length - 1] = { ...last, end };
    else stretches.push({ start: from, end, isData, position });
    position += (end - from) * RAW_SECTOR_SIZE;
  }
  return stretches;
}
