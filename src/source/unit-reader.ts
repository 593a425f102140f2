// Reads bytes that are stored in units, each decoded by itself: what a read needs of them is found here, how they are decoded
// is whoever's that knows the format. Units are decoded in runs, and kept in a cache: readers of one unit decode it once.
import type { BlockCache } from './block-cache.js';

/** Bytes of units that are decoded by one call, and how many such calls one read has at a time. */
const RUN_BYTES = 262_144;
const MAX_RUNS = 4;
/** Stands for a unit of zeros, which no unit has the size of. */
const ZEROS = new Uint8Array(0);

/** All bytes of a unit; undefined for zeros; an error where it cannot be decoded. */
export type DecodedUnit = Uint8Array | undefined | Error;

export interface UnitFile {
  /** Bytes. */
  readonly size: number;
  /** Bytes of every unit but the last. */
  readonly unitBytes: number;
  /** Unlike that of any other file in the cache. */
  readonly name: string;
  readonly cache: BlockCache;
  /** Decodes units that follow each other; rejects where none of them can be had. Is not called off. */
  readonly decode: (first: number, count: number) => Promise<readonly DecodedUnit[]>;
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
    const runs: Promise<void>[] = [];
    for (let first = Math.floor(position / unitBytes); first < end; first += perRun) {
      const count = Math.min(perRun, end - first);
      runs.push(
        ...this.#units(first, count, signal).map((unit, i) => this.#copy(unit, first + i, part, position)),
      );
      if (runs.length < MAX_RUNS * perRun) continue;
      await Promise.all(runs);
      runs.length = 0;
    }
    await Promise.all(runs);
    return wanted;
  }

  /** Units by their promises: one call decodes those of them that are not in the cache. */
  #units(first: number, count: number, signal: AbortSignal | undefined): Promise<Uint8Array>[] {
    const { name, cache, decode } = this.#file;
    const missing = Array.from({ length: count }, (_, i) => first + i).filter(
      (unit) => !cache.has(`${name}:${unit}`),
    );
    const [start = first] = missing;
    const length = (missing.at(-1) ?? first) - start + 1;
    let run: Promise<readonly DecodedUnit[]> | undefined;
    const make = async (unit: number): Promise<Uint8Array> => {
      run ??= decode(start, length);
      const decoded = (await run)[unit - start];
      if (decoded instanceof Error) throw decoded;
      return decoded ?? ZEROS;
    };
    return Array.from({ length: count }, (_, i) =>
      cache.get(`${name}:${first + i}`, () => make(first + i), signal),
    );
  }

  /** Copies what is wanted of a unit; byte 0 of the target is byte `position` of the file. */
  async #copy(
    decoded: Promise<Uint8Array>,
    unit: number,
    target: Uint8Array,
    position: number,
  ): Promise<void> {
    const { size, unitBytes } = this.#file;
    const start = unit * unitBytes;
    const from = Math.max(start, position);
    const to = Math.min(start + unitBytes, size, position + target.length);
    const bytes = await decoded;
    if (bytes === ZEROS) target.fill(0, from - position, to - position);
    else target.set(bytes.subarray(from - start, to - start), from - position);
  }
}
