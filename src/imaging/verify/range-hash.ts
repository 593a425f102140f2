// The digest of a range of the image, taken in a pass.
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import type { Algorithm } from '../hash/digests.js';

export class RangeHash {
  readonly algorithm: Algorithm;
  readonly start: number;
  readonly end: number;
  /** What could not be read: then the digest says nothing. */
  readonly unreadable: ByteRange[] = [];
  #bytes = 0;
  #digest: string | undefined;

  constructor(algorithm: Algorithm, start: number, end: number) {
    this.algorithm = algorithm;
    this.start = start;
    this.end = end;
  }

  /** So many more bytes of the range are hashed. */
  count(bytes: number): void {
    this.#bytes += bytes;
  }

  fail(range: ByteRange): void {
    this.unreadable.push(range);
  }

  /** The digest of the bytes that were counted. */
  settle(digest: string): void {
    this.#digest = digest;
  }

  /** Lower-case hexadecimal, once the pass is over; undefined when not all of the range could be read. */
  finish(): string | undefined {
    return this.#bytes === this.end - this.start ? this.#digest : undefined;
  }
}
