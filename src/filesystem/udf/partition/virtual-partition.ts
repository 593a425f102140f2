// Virtual partition (UDF 2.2.8, 2.2.11): on write-once media a table, written anew each time, says where blocks are.
import type { Partition } from './partition.js';

/** Stands in the table for a block that is not used. */
const UNUSED = 0xffff_ffff;

export class VirtualPartition implements Partition {
  readonly blockSize: number;
  readonly length: number;
  readonly #table: Uint32Array;
  readonly #physical: Partition;

  constructor(table: Uint32Array, physical: Partition) {
    this.#table = table;
    this.length = table.length;
    this.#physical = physical;
    this.blockSize = physical.blockSize;
  }

  offsetOf(block: number): number {
    const target = this.#table[block] ?? UNUSED;
    return target === UNUSED ? -1 : this.#physical.offsetOf(target);
  }

  runLength(block: number, blocks: number): number {
    const first = this.#table[block]!;
    const end = Math.min(blocks, this.length - block);
    let run = 1;
    while (run < end && this.#table[block + run] === first + run) run += 1;
    return Math.max(1, Math.min(run, this.#physical.runLength(first, run)));
  }
}
