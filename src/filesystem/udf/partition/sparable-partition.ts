// Sparable partition (UDF 2.2.9, 2.2.12): on rewritable media, packets that went bad are kept somewhere else.
import type { Partition } from './partition.js';

export class SparablePartition implements Partition {
  readonly blockSize: number;
  readonly length: number;
  readonly #physical: Partition;
  readonly #packetLength: number;
  /** First block of a packet -> sector where it is kept. */
  readonly #moved: ReadonlyMap<number, number>;
  /** Keys of `#moved` in order. */
  readonly #packets: readonly number[];

  /** `packetLength` in blocks, more than 0. */
  constructor(physical: Partition, packetLength: number, moved: ReadonlyMap<number, number>) {
    this.#physical = physical;
    this.blockSize = physical.blockSize;
    this.length = physical.length;
    this.#packetLength = packetLength;
    this.#moved = moved;
    this.#packets = [...moved.keys()].sort((a, b) => a - b);
  }

  offsetOf(block: number): number {
    const within = block % this.#packetLength;
    const sector = this.#moved.get(block - within);
    if (sector === undefined) return this.#physical.offsetOf(block);
    return block < this.length ? (sector + within) * this.blockSize : -1;
  }

  runLength(block: number, blocks: number): number {
    const within = block % this.#packetLength;
    if (this.#moved.has(block - within)) return Math.min(blocks, this.#packetLength - within);
    const next = this.#packets.find((packet) => packet > block) ?? Number.POSITIVE_INFINITY;
    return Math.max(1, Math.min(this.#physical.runLength(block, blocks), next - block));
  }
}
