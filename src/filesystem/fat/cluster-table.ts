// The file allocation table (Microsoft FAT Specification, section 4): which cluster follows which. Read in windows, so
// that the table of a large volume never stands in memory as a whole.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { Extent } from '../contract/file-tree.js';
import type { FatLayout } from './boot-sector.js';
import type { WorkBudget } from '../contract/work-budget.js';

/** Bytes of the table that are in memory; a multiple of 3, so that no entry of 12 bits lies in two windows. */
const WINDOW_BYTES = 3 * 65_536;
/** First cluster that holds data. */
export const FIRST_CLUSTER = 2;
/** Every cluster belongs to one chain: following them all this often over is what no sound volume needs. */
export const MAX_ROUNDS = 4;
/** Steps of small volumes beyond that. */
export const SPARE_STEPS = 4096;

export interface Chain {
  readonly extents: readonly Extent[];
  /** Bytes in the extents. */
  readonly length: number;
  /** What is wrong with the chain: it is shorter than was wanted, or longer. */
  readonly fault: string | undefined;
}

export class ClusterTable {
  readonly #reader: DataStream;
  readonly #layout: FatLayout;
  readonly #start: number;
  readonly #work: WorkBudget;
  #window: ByteCursor | undefined;
  #windowIndex = -1;
  #stepsLeft: number;

  /** `start`: byte in the image where the volume starts. */
  constructor(reader: DataStream, layout: FatLayout, start: number, work: WorkBudget) {
    this.#work = work;
    this.#reader = reader;
    this.#layout = layout;
    this.#start = start;
    this.#stepsLeft = MAX_ROUNDS * layout.clusterCount + SPARE_STEPS;
  }

  /** Byte offset in the image of a cluster. */
  offsetOf(cluster: number): number {
    return this.#start + this.#layout.dataOffset + (cluster - FIRST_CLUSTER) * this.#layout.clusterSize;
  }

  isCluster(cluster: number): boolean {
    return cluster >= FIRST_CLUSTER && cluster < this.#layout.clusterCount + FIRST_CLUSTER;
  }

  /**
   * The chain from `first` on, followed until it ends or has `wanted` bytes. A chain that leaves the volume, lacks
   * clusters, or is followed too often is cut there. Rejects as ByteSource.read does.
   */
  async follow(first: number, wanted: number, signal?: AbortSignal): Promise<Chain> {
    const { clusterSize, clusterCount } = this.#layout;
    const runs: { offset: number; length: number }[] = [];
    let length = 0;
    let fault: string | undefined;
    let cluster = first;
    for (let steps = 0; length < wanted; steps += 1) {
      if (!this.isCluster(cluster)) {
        if (!this.#isEnd(cluster)) fault = `cluster ${cluster} does not exist`;
        break;
      }
      if (steps >= clusterCount) {
        fault = 'it leads back into itself';
        break;
      }
      this.#stepsLeft -= 1;
      if (this.#stepsLeft < 0) {
        fault = 'its clusters belong to many files';
        break;
      }
      const offset = this.offsetOf(cluster);
      const last = runs.at(-1);
      if (last !== undefined && last.offset + last.length === offset) last.length += clusterSize;
      else runs.push({ offset, length: clusterSize });
      length += clusterSize;
      cluster = this.#peekNext(cluster) ?? (await this.#fetchNext(cluster, signal));
    }
    if (length >= wanted && !this.#isEnd(cluster)) fault ??= 'it goes on behind the end';
    return { extents: runs, length, fault };
  }

  #isEnd(cluster: number): boolean {
    const { width } = this.#layout;
    return cluster >= (width === 12 ? 0xff8 : width === 16 ? 0xfff8 : 0x0fff_fff8);
  }

  #positionOf(cluster: number): number {
    return Math.floor((cluster * this.#layout.width) / 8);
  }

  #peekNext(cluster: number): number | undefined {
    const position = this.#positionOf(cluster);
    const window = this.#window;
    if (window === undefined || Math.floor(position / WINDOW_BYTES) !== this.#windowIndex) return undefined;
    const at = position % WINDOW_BYTES;
    switch (this.#layout.width) {
      case 12:
        return cluster % 2 === 0 ? window.u16le(at) & 0xfff : window.u16le(at) >> 4;
      case 16:
        return window.u16le(at);
      case 32:
        return window.u32le(at) & 0x0fff_ffff;
    }
  }

  async #fetchNext(cluster: number, signal: AbortSignal | undefined): Promise<number> {
    const index = Math.floor(this.#positionOf(cluster) / WINDOW_BYTES);
    const start = this.#start + this.#layout.tableOffset + index * WINDOW_BYTES;
    // One byte more: the entry that ends a window of 12-bit entries is read as two bytes. What the image lacks stays
    // zero, which is no cluster.
    const bytes = new Uint8Array(WINDOW_BYTES + 1);
    if (!this.#work.takeBytes(bytes.length))
      throw this.#work.refuse(this.#reader.name, 'chains lead to and fro');
    await this.#reader.read(bytes, start, signal);
    this.#window = new ByteCursor(bytes, this.#reader.name, start);
    this.#windowIndex = index;
    return this.#peekNext(cluster)!;
  }
}
