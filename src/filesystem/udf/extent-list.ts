// Where the bytes of one file lie in the image: runs that follow one another are joined, holes have no offset. They are
// numbers in arrays: an object for each of the most runs of a file would take ten times the memory.
import type { Extent, ExtentSequence } from '../contract/file-tree.js';
import type { Partition } from './partition/partition.js';

/** Runs of one file; fragmented files on rewritten media have thousands. */
export const MAX_RUNS = 262_144;
const FIRST_ROOM = 16;
/** Stands for the offset of a hole. */
const HOLE = -1;

export class ExtentList implements ExtentSequence {
  #offsets = new Float64Array(FIRST_ROOM);
  #lengths = new Float64Array(FIRST_ROOM);
  #count = 0;
  /** Bytes of all runs. */
  size = 0;
  /** A part lies outside of its partition or the image; it is placed where no bytes are, so reading it fails. */
  isOutside = false;
  /** More than MAX_RUNS runs, or than the budget of the volume has: the rest is missing. */
  isCut = false;
  #steps = 0;

  /** Number of runs. */
  get length(): number {
    return this.#count;
  }

  /** Of a run that there is; undefined for a hole. */
  offset(i: number): number | undefined {
    const offset = this.#offsets[i]!;
    return offset === HOLE ? undefined : offset;
  }

  at(i: number): Extent | undefined {
    return i < this.#count ? { offset: this.offset(i), length: this.#lengths[i]! } : undefined;
  }

  *[Symbol.iterator](): Iterator<Extent> {
    for (let i = 0; i < this.#count; i += 1) yield { offset: this.offset(i), length: this.#lengths[i]! };
  }

  clear(): void {
    this.#count = this.size = 0;
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
    const last = this.#count - 1;
    if (last >= 0 && offset === this.#endOf(last)) this.#lengths[last]! += length;
    else if (this.#count >= MAX_RUNS) {
      this.isCut = true;
      return;
    } else this.#append(offset, length);
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
    const last = this.#count - 1;
    if (last >= 0 && this.offset(last) !== undefined && size > this.size) {
      const rest = (blockSize - (this.size % blockSize)) % blockSize;
      const added = Math.min(rest, size - this.size);
      this.#lengths[last]! += added;
      this.size += added;
    }
    if (size > this.size) {
      this.#append(missingAt, size - this.size);
      this.size = size;
    }
    while (this.size > size) this.#drop(this.size - size);
  }

  /** Image byte behind a run; undefined for a hole. */
  #endOf(i: number): number | undefined {
    const offset = this.offset(i);
    return offset === undefined ? undefined : offset + this.#lengths[i]!;
  }

  #append(offset: number | undefined, length: number): void {
    if (this.#count === this.#offsets.length) {
      this.#offsets = enlarge(this.#offsets);
      this.#lengths = enlarge(this.#lengths);
    }
    this.#offsets[this.#count] = offset ?? HOLE;
    this.#lengths[this.#count] = length;
    this.#count += 1;
  }

  #drop(surplus: number): void {
    const last = this.#count - 1;
    const length = this.#lengths[last]!;
    const dropped = Math.min(surplus, length);
    if (dropped === length) this.#count = last;
    else this.#lengths[last] = length - dropped;
    this.size -= dropped;
  }
}

function enlarge(numbers: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
