// Blocks of any size, one behind the other, each packed by itself: as a source in units. A block that is larger than a
// unit is kept while its units are asked for, and one of those is decoded at a time: memory is that of the largest.
import { firstWhere } from '../../base/binary-search.js';
import { BlockCache } from '../../codec/block-cache.js';
import { UnitSource } from '../../disc/unit-source.js';
import type { ByteSource } from '../../source/byte-source.js';
import { decodeBlocks } from './packed-blocks.js';
import type { StoredBlock } from './packed-blocks.js';

/** Blocks of one image: two tables of them have 16 MiB. */
export const MAX_BLOCKS = 1_048_576;
/** Bytes of a block that is decoded: those that xz makes with several threads have 24 MiB. */
export const MAX_BLOCK_CONTENT = 32 * 1024 * 1024;
/** Bytes of a unit where blocks are larger, and where they are of several sizes. */
const MAX_UNIT_BYTES = 1024 * 1024;
const MIXED_UNIT_BYTES = 65_536;
const MIN_UNIT_BYTES = 512;
const MIN_CACHE_BYTES = 4 * 1024 * 1024;

export class BlockMap {
  /** Byte of the source, and byte of the image behind the last one, of each block. */
  readonly offsets: number[] = [];
  readonly ends: number[] = [];
  /** Bytes of the largest block. */
  largest = 0;

  get size(): number {
    return this.ends.at(-1) ?? 0;
  }

  get isFull(): boolean {
    return this.ends.length >= MAX_BLOCKS;
  }

  /** Of `size` bytes of content, more than none. */
  add(offset: number, size: number): void {
    this.offsets.push(offset);
    this.ends.push(this.size + size);
    this.largest = Math.max(this.largest, size);
  }

  startOf(block: number): number {
    return block === 0 ? 0 : this.ends[block - 1]!;
  }

  sizeOf(block: number): number {
    return this.ends[block]! - this.startOf(block);
  }
}

/** Gives a block by its number; of the map is where its content is. */
export type DescribeBlock = (block: number) => StoredBlock;

/** Takes `of`. No block is larger than MAX_BLOCK_CONTENT. */
export function openBlockMap(of: ByteSource, map: BlockMap, describe: DescribeBlock): UnitSource {
  const unitBytes = unitBytesOf(map);
  const decoder = new MapDecoder(of, map, describe);
  return new UnitSource({
    of,
    size: map.size,
    unitBytes,
    decodeUnits: async (first, count, target) => {
      const from = first * unitBytes;
      const faults = await decoder.decode(from, target);
      return Array.from({ length: count }, (_, i) => {
        const start = from + i * unitBytes;
        return faults.find((fault) => fault.start < start + unitBytes && fault.end > start)?.error;
      });
    },
  });
}

function unitBytesOf(map: BlockMap): number {
  const { ends } = map;
  const first = map.sizeOf(0);
  const last = ends.length - 1;
  const areEqual = ends.every((end, i) => (i < last ? end === first * (i + 1) : map.sizeOf(i) <= first));
  if (!areEqual || first < MIN_UNIT_BYTES) return MIXED_UNIT_BYTES;
  return Math.min(first, MAX_UNIT_BYTES);
}

/** Bytes of the image that cannot be had. */
interface Fault {
  readonly start: number;
  readonly end: number;
  readonly error: Error;
}

class MapDecoder {
  readonly #of: ByteSource;
  readonly #map: BlockMap;
  readonly #describe: DescribeBlock;
  readonly #cache: BlockCache;
  /** Settles when the block that is decoded last is done. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(of: ByteSource, map: BlockMap, describe: DescribeBlock) {
    this.#of = of;
    this.#map = map;
    this.#describe = describe;
    this.#cache = new BlockCache(Math.max(MIN_CACHE_BYTES, map.largest));
  }

  /** The bytes of the image from `from` on; gives what is not there. */
  async decode(from: number, target: Uint8Array): Promise<Fault[]> {
    const map = this.#map;
    const to = from + target.length;
    const faults: Fault[] = [];
    const whole: number[] = [];
    const first = firstWhere(map.ends.length, (i) => map.ends[i]! > from);
    for (let i = first; i < map.ends.length && map.startOf(i) < to; i += 1) {
      if (map.startOf(i) >= from && map.ends[i]! <= to) whole.push(i);
      else await this.#copyPart(i, from, target, faults);
    }
    if (whole.length === 0) return faults;
    const start = map.startOf(whole[0]!) - from;
    const content = target.subarray(start, map.ends[whole.at(-1)!]! - from);
    const errors = await decodeBlocks(this.#of, whole.map(this.#describe), content);
    for (const [j, i] of whole.entries()) this.#note(faults, i, errors[j]);
    return faults;
  }

  async #copyPart(block: number, from: number, target: Uint8Array, faults: Fault[]): Promise<void> {
    const start = this.#map.startOf(block);
    try {
      const bytes = await this.#cache.get(String(block), () => this.#decodeAlone(block));
      const skipped = Math.max(0, from - start);
      const at = Math.max(0, start - from);
      target.set(bytes.subarray(skipped, skipped + target.length - at), at);
    } catch (thrown) {
      this.#note(faults, block, thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  #note(faults: Fault[], block: number, error: Error | undefined): void {
    if (error !== undefined)
      faults.push({ start: this.#map.startOf(block), end: this.#map.ends[block]!, error });
  }

  #decodeAlone(block: number): Promise<Uint8Array> {
    const run = this.#last.then(async () => {
      const target = new Uint8Array(this.#map.sizeOf(block));
      const [error] = await decodeBlocks(this.#of, [this.#describe(block)], target);
      if (error !== undefined) throw error;
      return target;
    });
    this.#last = run.catch(() => undefined);
    return run;
  }
}
