// The digest of a range of the image, taken in a pass.
import type { Hash } from 'node:crypto';
import type { ByteRange } from '../../source/rescue-map.js';
import { startHash } from '../digests.js';
import type { Algorithm } from '../digests.js';
import type { PassConsumer } from './image-pass.js';

export class RangeHash implements PassConsumer {
  readonly start: number;
  readonly end: number;
  /** What could not be read: then the digest says nothing. */
  readonly unreadable: ByteRange[] = [];
  readonly #hash: Hash;
  #bytes = 0;
  #digest: string | undefined;

  constructor(algorithm: Algorithm, start: number, end: number) {
    this.start = start;
    this.end = end;
    this.#hash = startHash(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  fail(range: ByteRange): void {
    this.unreadable.push(range);
  }

  /** Lower-case hexadecimal; undefined when not all of the range could be read. It takes no more bytes then. */
  finish(): string | undefined {
    if (this.#bytes !== this.end - this.start) return undefined;
    return (this.#digest ??= this.#hash.digest('hex'));
  }
}
