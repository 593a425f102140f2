// Where the bytes of many files lie: millions of places in arrays of numbers, as an object for each would take most of
// the memory that an image may cost.
import { firstWhere } from '../../../base/binary-search.js';
import { sortedOrder } from '../../../base/sorted-order.js';
import type { PlacedRun } from './collect-files.js';

const INITIAL = 1024;

export class PlaceList {
  #offsets = new Float64Array(INITIAL);
  #ends = new Float64Array(INITIAL);
  /** Files, by when they were added. */
  readonly #firsts: number[] = [];
  #count = 0;

  /** Adds a file, with the runs of image bytes that it has. */
  add(runs: Iterable<PlacedRun>): void {
    this.#firsts.push(this.#count);
    for (const { offset, length } of runs) {
      if (this.#count === this.#offsets.length) {
        this.#offsets = grown(this.#offsets, 2 * this.#count);
        this.#ends = grown(this.#ends, 2 * this.#count);
      }
      this.#offsets[this.#count] = offset;
      this.#ends[this.#count] = offset + length;
      this.#count += 1;
    }
  }

  offset(place: number): number {
    return this.#offsets[place]!;
  }

  end(place: number): number {
    return this.#ends[place]!;
  }

  /** Number of the file that has a place, from 0 on. */
  file(place: number): number {
    return firstWhere(this.#firsts.length, (file) => this.#firsts[file]! > place) - 1;
  }

  /** The largest end; 0 of no place. */
  get lastEnd(): number {
    let most = 0;
    for (let place = 0; place < this.#count; place += 1) most = Math.max(most, this.#ends[place]!);
    return most;
  }

  /** Places by their offsets; of those that begin together, the longest first. */
  inOrder(): Uint32Array {
    const offsets = this.#offsets;
    const ends = this.#ends;
    return sortedOrder(this.#count, (a, b) => offsets[a]! - offsets[b]! || ends[b]! - ends[a]!);
  }
}

function grown(numbers: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(size);
  larger.set(numbers);
  return larger;
}
