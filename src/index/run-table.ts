// Runs of files in an image, in columns: a hostile image has millions of them, of which objects would take ten times the
// memory.

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

  /** `runs` gives `count` of them at most. */
  constructor(count: number, runs: Iterable<FileRun>) {
    this.#rows = new Uint32Array(count);
    const starts = new Float64Array(count);
    const ends = new Float64Array(count);
    this.#fileOffsets = new Float64Array(count);
    let length = 0;
    for (const { row, start, end, fileOffset } of runs) {
      this.#rows[length] = row;
      starts[length] = start;
      ends[length] = end;
      this.#fileOffsets[length] = fileOffset;
      length += 1;
    }
    this.#starts = starts;
    this.#ends = ends;
    const order = Uint32Array.from({ length }, (_, i) => i);
    this.#order = order.sort((a, b) => starts[a]! - starts[b]! || ends[b]! - ends[a]!);
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
