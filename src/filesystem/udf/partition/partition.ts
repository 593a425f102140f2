// The contract of partitions, and the plain one: what turns the block numbers of a logical volume into image bytes.

export interface Partition {
  /** Bytes. */
  readonly blockSize: number;
  /** Blocks. */
  readonly length: number;
  /** Byte offset in the image of a block; -1 when it has none. */
  offsetOf(block: number): number;
  /**
   * How many of `blocks` blocks from `block` on (which has an offset) lie one after another in the image; at least
   * 1.
   */
  runLength(block: number, blocks: number): number;
  /** Byte offset of a second copy of a block; -1 or absent where there is none. */
  copyOffsetOf?(block: number): number;
}

/** A run of sectors (ECMA-167 3/10.7.2). */
export class PhysicalPartition implements Partition {
  readonly blockSize: number;
  readonly length: number;
  readonly #start: number;

  /** `start`: byte offset in the image; `length` in blocks. */
  constructor(start: number, length: number, blockSize: number) {
    this.#start = start;
    this.length = length;
    this.blockSize = blockSize;
  }

  offsetOf(block: number): number {
    return block < this.length ? this.#start + block * this.blockSize : -1;
  }

  runLength(block: number, blocks: number): number {
    return Math.max(1, Math.min(blocks, this.length - block));
  }
}
