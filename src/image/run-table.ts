// Runs of files in an image, in columns: a hostile image has millions of them, of which objects would take ten times
// the memory.
import { sortedOrder } from '../base/sorted-order.js';

/** A run of a file's bytes in the image. */
export interface FileRun {
  readonly row: number;
  /** Byte offset in the image. */
  readonly start: number;
  /** Byte behind the last. */
  readonly end: number;
  /** Byte offset in the file. */
  readonly fileOffset: number;
}

/** By start; of equal starts the longer first. A run is made into an object when it is asked for. */
export class RunTable implements Iterable<FileRun> {
  readonly #rows: Uint32Array;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #fileOffsets: Float64Array;
  readonly #order: Uint32Array;

  /** `likely`: how many runs there are, mostly. */
  constructor(likely: number, runs: Iterable<FileRun>) {
    let rows = new Uint32Array(likely);
    let starts = new Float64Array(likely);
    let ends = new Float64Array(likely);
    let fileOffsets = new Float64Array(likely);
    let length = 0;
    for (const { row, start, end, fileOffset } of runs) {
      if (length === rows.length) {
        const room = Math.max(64, 2 * length);
        rows = enlarge(rows, new Uint32Array(room));
        starts = enlarge(starts, new Float64Array(room));
        ends = enlarge(ends, new Float64Array(room));
        fileOffsets = enlarge(fileOffsets, new Float64Array(room));
      }
      rows[length] = row;
      starts[length] = start;
      ends[length] = end;
      fileOffsets[length] = fileOffset;
      length += 1;
    }
    this.#rows = rows;
    this.#starts = starts;
    this.#ends = ends;
    this.#fileOffsets = fileOffsets;
    this.#order = sortedOrder(length, (a, b) => starts[a]! - starts[b]! || ends[b]! - ends[a]!);
  }

  get length(): number {
    return this.#order.length;
  }

  start(i: number): number {
    return this.#starts[this.#order[i]!]!;
  }

  end(i: number): number {
    return this.#ends[this.#order[i]!]!;
  }

  at(i: number): FileRun {
    const place = this.#order[i]!;
    return {
      row: this.#rows[place]!,
      start: this.#starts[place]!,
      end: this.#ends[place]!,
      fileOffset: this.#fileOffsets[place]!,
    };
  }

  /** Rows of all files that have a run. */
  get files(): Set<number> {
    return new Set(this.#rows.subarray(0, this.length));
  }

  *[Symbol.iterator](): Iterator<FileRun> {
    for (let i = 0; i < this.length; i += 1) yield this.at(i);
  }
}

function enlarge<T extends Uint32Array | Float64Array>(current: T, larger: T): T {
  larger.set(current);
  return larger;
}
