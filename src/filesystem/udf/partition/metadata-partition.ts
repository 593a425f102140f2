// Metadata partition (UDF 2.2.10, 2.2.13): its blocks are those of a file, which may have a mirror with a copy of each.
import type { Extent } from '../../contract/file-tree.js';
import type { Partition } from './partition.js';

export class MetadataPartition implements Partition {
  readonly blockSize: number;
  readonly length: number;
  readonly #main: MappedFile;
  readonly #mirror: MappedFile | undefined;

  /** `main`, `mirror`: runs of the files, in whole blocks. */
  constructor(main: readonly Extent[], mirror: readonly Extent[] | undefined, blockSize: number) {
    this.blockSize = blockSize;
    this.#main = new MappedFile(main, blockSize);
    this.#mirror = mirror === undefined ? undefined : new MappedFile(mirror, blockSize);
    this.length = this.#main.length;
  }

  offsetOf(block: number): number {
    return this.#main.offsetOf(block);
  }

  runLength(block: number, blocks: number): number {
    return this.#main.runLength(block, blocks);
  }

  copyOffsetOf(block: number): number {
    const copy = this.#mirror?.offsetOf(block) ?? -1;
    return copy === this.#main.offsetOf(block) ? -1 : copy;
  }
}

/** The blocks of a file: which run holds which. */
class MappedFile {
  readonly length: number;
  readonly #runs: readonly Extent[];
  /** First block of each run. */
  readonly #starts: readonly number[];
  readonly #blockSize: number;

  constructor(runs: readonly Extent[], blockSize: number) {
    this.#runs = runs;
    this.#blockSize = blockSize;
    let block = 0;
    this.#starts = runs.map(({ length }) => {
      const start = block;
      block += Math.ceil(length / blockSize);
      return start;
    });
    this.length = block;
  }

  offsetOf(block: number): number {
    const index = this.#find(block);
    const offset = this.#runs[index]?.offset;
    if (offset === undefined || block >= this.length) return -1;
    return offset + (block - this.#starts[index]!) * this.#blockSize;
  }

  runLength(block: number, blocks: number): number {
    const next = this.#starts[this.#find(block) + 1] ?? this.length;
    return Math.max(1, Math.min(blocks, next - block));
  }

  /** Index of the last run that starts at or before the block. */
  #find(block: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= block) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
