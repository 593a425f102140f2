// A fork of HFS or HFS+: the data or the resources of a file, or a B-tree of the volume, as runs of image bytes.
import { countBytes } from '../../base/byte-count.js';
import type { DataStream } from '../../disc/data-stream.js';
import { IsodriveError } from '../../base/error.js';
import type { Extent } from '../contract/file-tree.js';

export interface Fork {
  /** Bytes. */
  readonly size: number;
  /** Runs of the image, in order; a damaged fork has fewer bytes in them than its size. */
  readonly extents: readonly Extent[];
}

/** Collects runs of allocation blocks and joins those that follow one another. */
export class ForkBuilder {
  /** Allocation blocks so far. */
  blocks = 0;
  readonly #extents: { offset: number; length: number }[] = [];
  readonly #blockSize: number;
  readonly #firstBlock: number;

  /** `firstBlock`: byte offset in the image of allocation block 0. */
  constructor(blockSize: number, firstBlock: number) {
    this.#blockSize = blockSize;
    this.#firstBlock = firstBlock;
  }

  add(start: number, count: number): void {
    const offset = this.#firstBlock + start * this.#blockSize;
    const length = count * this.#blockSize;
    const last = this.#extents.at(-1);
    if (last !== undefined && last.offset + last.length === offset) last.length += length;
    else this.#extents.push({ offset, length });
    this.blocks += count;
  }

  /** Whether the runs hold so many bytes. */
  covers(size: number): boolean {
    return this.blocks * this.#blockSize >= size;
  }

  /** The runs, cut to `size` bytes. */
  finish(size: number): Extent[] {
    const result: Extent[] = [];
    let left = size;
    for (const { offset, length } of this.#extents) {
      if (left <= 0) break;
      result.push({ offset, length: Math.min(length, left) });
      left -= length;
    }
    return result;
  }
}

/** Where `length` bytes from byte `position` of the fork on lie; fewer where it ends. */
export function sliceFork(fork: Fork, position: number, length: number): Extent[] {
  const result: Extent[] = [];
  let start = 0;
  let left = length;
  for (const { offset, length: run } of fork.extents) {
    const within = position + length - left - start;
    start += run;
    if (left === 0) break;
    if (within >= run || offset === undefined) continue;
    const part = Math.min(left, run - within);
    result.push({ offset: offset + within, length: part });
    left -= part;
  }
  return result;
}

/**
 * Fills `target` from byte `position` of the fork. `damaged` where fork or image ends before; else as
 * ByteSource.read.
 */
export async function readFork(
  reader: DataStream,
  fork: Fork,
  target: Uint8Array,
  position: number,
  signal?: AbortSignal,
): Promise<void> {
  let done = 0;
  for (const { offset, length } of sliceFork(fork, position, target.length)) {
    const part = target.subarray(done, done + length);
    if ((await reader.read(part, offset ?? 0, signal)) < length) break;
    done += length;
  }
  if (done === target.length) return;
  throw new IsodriveError(
    'damaged',
    `Cannot read ${countBytes(target.length)} at ${position} of a fork in "${reader.name}": it ends before, ` +
      `expected ${countBytes(fork.size)}`,
    { at: { source: reader.name, offset: fork.extents[0]?.offset ?? 0 } },
  );
}
