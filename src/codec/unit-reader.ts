// Reads bytes that are stored in units, each decoded by itself: what a read needs of them is found here, how they are
// decoded is whoever's that knows the format. Units are decoded in runs, and kept in a cache: readers of one unit
// decode it once.
import { abortable } from '../base/abortable.js';
import type { BlockCache } from './block-cache.js';

/** Bytes of units that are decoded by one call, and how many such calls one read has at a time. */
const RUN_BYTES = 262_144;
const MAX_RUNS = 4;
/** What is stored in units, for whoever decodes them into memory of its own. */
export interface UnitContent {
  /** Bytes of every unit but the last. */
  readonly unitBytes: number;
  /**
   * Decodes units that follow each other into `target`, which has exactly their size; gives for each why it is not
   * there. Rejects where none of them can be had. Is not called off.
   */
  decodeUnits(first: number, count: number, target: Uint8Array): Promise<readonly (Error | undefined)[]>;
}

export interface UnitFile extends UnitContent {
  /** Bytes. */
  readonly size: number;
  /** Unlike that of any other file in the cache. */
  readonly name: string;
  readonly cache: BlockCache;
}

export class UnitReader {
  readonly #file: UnitFile;

  constructor(file: UnitFile) {
    this.#file = file;
  }

  /** As FileContent.read. */
  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    const { size, unitBytes } = this.#file;
    const wanted = Math.max(0, Math.min(target.length, size - position));
    if (wanted === 0) return 0;
    const part = target.subarray(0, wanted);
    const end = Math.floor((position + wanted - 1) / unitBytes) + 1;
    const perRun = Math.max(1, Math.floor(RUN_BYTES / unitBytes));
    for (let first = Math.floor(position / unitBytes); first < end;) {
      const stop = Math.min(end, first + MAX_RUNS * perRun);
      const copies: Promise<void>[] = [];
      for (; first < stop; first += perRun) {
        for (const [i, unit] of this.#units(first, Math.min(perRun, stop - first)).entries())
          copies.push(this.#copy(unit, first + i, part, position, signal));
      }
      await abortable(Promise.all(copies), signal);
    }
    return wanted;
  }

  /** Units by their promises: one call decodes those of them that are not in the cache. */
  #units(first: number, count: number): Promise<Uint8Array>[] {
    const { name, cache } = this.#file;
    const missing = Array.from({ length: count }, (_, i) => first + i).filter(
      (unit) => !cache.has(`${name}:${unit}`),
    );
    const [start = first] = missing;
    const length = (missing.at(-1) ?? first) - start + 1;
    let run: Promise<readonly (Uint8Array | Error)[]> | undefined;
    const make = async (unit: number): Promise<Uint8Array> => {
      run ??= this.#decode(start, length);
      const decoded = (await run)[unit - start]!;
      if (decoded instanceof Error) throw decoded;
      return decoded;
    };
    return Array.from({ length: count }, (_, i) => cache.get(`${name}:${first + i}`, () => make(first + i)));
  }

  async #decode(first: number, count: number): Promise<readonly (Uint8Array | Error)[]> {
    const { size, unitBytes } = this.#file;
    const start = first * unitBytes;
    const bytes = allocate(Math.min(size, start + count * unitBytes) - start);
    const errors = await this.#file.decodeUnits(first, count, bytes);
    return errors.map((error, i) => error ?? bytes.subarray(i * unitBytes, (i + 1) * unitBytes));
  }

  /** Copies what is wanted of a unit; byte 0 of the target is byte `position` of the file. */
  async #copy(
    decoded: Promise<Uint8Array>,
    unit: number,
    target: Uint8Array,
    position: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { size, unitBytes } = this.#file;
    const start = unit * unitBytes;
    const from = Math.max(start, position);
    const to = Math.min(start + unitBytes, size, position + target.length);
    const bytes = await decoded;
    // Then the target is its owner's again.
    if (signal?.aborted === true) return;
    target.set(bytes.subarray(from - start, to - start), from - position);
  }
}

/** Memory that is not cleared first: all of it is written to, or never read. */
function allocate(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}
