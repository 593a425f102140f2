// Bounds what is written of one image: files may share their bytes, and do so on sound discs, but not without end.
// What a disc can honestly give follows from its size.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';

/** Files that the same bytes are in, were all of the disc so. */
export const MAX_CONTENT_ROUNDS = 64;
export const SPARE_CONTENT_BYTES = 256 * 1024 * 1024;
/** Bytes that one of the image may come to where it is compressed, beside that. */
const DECODED_BYTES = 4;

export class ContentBudget {
  readonly #sourceName: string;
  readonly #imageBytes: number;
  #left: number;

  constructor(sourceName: string, imageBytes: number) {
    this.#sourceName = sourceName;
    this.#imageBytes = imageBytes;
    this.#left = SPARE_CONTENT_BYTES + MAX_CONTENT_ROUNDS * imageBytes;
  }

  /** Whether so much more, stored as it is, may be taken. */
  covers(bytes: number): boolean {
    return bytes <= this.#left;
  }

  /** `isDecoded`: they are not stored as they are. Throws `loop` when it is too much; then they do not count. */
  take(bytes: number, isDecoded: boolean): void {
    const counted = isDecoded ? bytes / DECODED_BYTES : bytes;
    if (counted <= this.#left) {
      this.#left -= counted;
      return;
    }
    throw new IsodriveError(
      'loop',
      `Cannot extract more of "${this.#sourceName}": its files share their bytes, more often than its ${countBytes(this.#imageBytes)} can need`,
      {
        at: { source: this.#sourceName },
        action: 'Name the files that you want: each is extracted by itself',
      },
    );
  }
}
