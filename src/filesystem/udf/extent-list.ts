// Where the bytes of one file lie in the image: runs that follow one another are joined, holes have no offset.
import type { Extent } from '../contract/file-tree.js';
import type { Partition } from './partition/partition.js';

/** Runs of one file; fragmented files on rewritten media have thousands. */
export const MAX_RUNS = 262_144;

export class ExtentList {
  #runs: { offset: number | undefined; length: number }[] = [];
  /** Bytes of all runs. */
  size = 0;
  /** A part lies outside of its partition or the image; it is placed where no bytes are, so reading it fails. */
  isOutside = false;
  /** More than MAX_RUNS runs, or than the budget of the volume has: the rest is missing. */
  isCut = false;
  #steps = 0;

  get runs(): readonly Extent[] {
    return this.#runs;
  }

  clear(): void {
    if (this.#runs.length > 0) this.#runs = [];
    this.size = 0;
    this.isOutside = this.isCut = false;
  }

  /** How often something was added since it was asked for last. */
  takeSteps(): number {
    const steps = this.#steps;
    this.#steps = 0;
    return steps;
  }

  /** Adds a run of image bytes, or a hole. */
  add(offset: number | undefined, length: number): void {
    if (length === 0) return;
    this.#steps += 1;
    const last = this.#runs.at(-1);
    const expected = last?.offset === undefined ? undefined : last.offset + last.length;
    if (last !== undefined && offset === expected) last.length += length;
    else if (this.#runs.length >= MAX_RUNS) {
      this.isCut = true;
      return;
    } else this.#runs.push({ offset, length });
    this.size += length;
  }

  /** Adds bytes of a partition, from the start of a block on. `imageSize`: bytes of the image. */
  addBlocks(partition: Partition | undefined, block: number, length: number, imageSize: number): void {
    const blockSize = partition?.blockSize ?? 1;
    let left = length;
    for (let at = block; left > 0;) {
      const offset = partition?.offsetOf(at) ?? -1;
      if (partition === undefined || offset < 0) {
        this.isOutside = true;
        // One run for all that is left: neighbours of a block outside may be inside, but no good volume is like that.
        this.add(imageSize, left);
        return;
      }
      const blocks = partition.runLength(at, Math.ceil(left / blockSize));
      const bytes = Math.min(left, blocks * blockSize);
      if (offset + bytes > imageSize) this.isOutside = true;
      this.add(offset, bytes);
      if (this.isCut) return;
      at += blocks;
      left -= bytes;
    }
  }

  /**
   * Cuts or fills up so that exactly `size` bytes are there: from the block that the last run ends in (Linux appends
   * there without writing the run's new length), then with a run at `missingAt`, or a hole.
   */
  fit(size: number, blockSize: number, missingAt: number | undefined): void {
    const last = this.#runs.at(-1);
    if (last?.offset !== undefined && size > this.size) {
      const rest = (blockSize - (this.size % blockSize)) % blockSize;
      const added = Math.min(rest, size - this.size);
      last.length += added;
      this.size += added;
    }
    if (size > this.size) {
      this.#runs.push({ offset: missingAt, length: size - this.size });
      this.size = size;
    }
    while (this.size > size) this.#drop(this.size - size);
  }

  #drop(surplus: number): void {
    const last = this.#runs.at(-1)!;
    const dropped = Math.min(surplus, last.length);
    if (dropped === last.length) this.#runs.pop();
    else last.length -= dropped;
    this.size -= dropped;
  }
}
