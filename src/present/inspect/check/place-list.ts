// Where the bytes of many files lie: millions of places in arrays of numbers, as an object for each would take most of
// the memory that an image may cost.
import { firstWhere } from '../../../base/binary-search.js';

const INITIAL = 1024;

export class PlaceList {
  #offsets = new Float64Array(INITIAL);
  #ends = new Float64Array(INITIAL);
  /** Files, by when they were added. */
  readonly #firsts: number[] = [];
  #count = 0;

  /** Adds a file, with the runs of image bytes that it has. */
  add(runs: readonly { readonly offset: number; readonly length: number }[]): void {
    this.#firsts.push(this.#count);
    const wanted = this.#count + runs.length;
    if (wanted > this.#offsets.length) {
      const size = Math.max(wanted, 2 * this.#offsets.length);
      this.#offsets = grown(this.#offsets, size);
      this.#ends = grown(this.#ends, size);
    }
    for (const { offset, length } of runs) {
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
    const order = Uint32Array.from({ length: this.#count }, (_, place) => place);
    const offsets = this.#offsets;
    const ends = this.#ends;
    return order.sort((a, b) => offsets[a]! - offsets[b]! || ends[b]! - ends[a]! || a - b);
  }
}

function grown(numbers: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(size);
  larger.set(numbers);
  return larger;
}
