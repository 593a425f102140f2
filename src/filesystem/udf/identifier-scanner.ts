// Goes from one file identifier to the next in a part of a directory, and past what is broken between them.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { MIN_IDENTIFIER_BYTES, identifierLength } from './file-identifier.js';
import { TAG, checkTag } from './tag.js';

/** Bytes of the longest descriptor that is believed: a block, as Linux has it, of the largest size. */
export const MAX_IDENTIFIER_BYTES = 4096;
/** 4/14.4: descriptors start at multiples of 4 bytes. */
const ALIGNMENT = 4;

/**
 * `broken`: something else stood before; a descriptor follows it where `length` is not 0. `cut`: the window ends
 * within the descriptor.
 */
export type ScanResult = 'identifier' | 'broken' | 'cut' | 'end';

export class IdentifierScanner {
  /** Window offset of the descriptor found, or where the next one is looked for. */
  offset = 0;
  /** Its bytes. */
  length = 0;
  readonly #window: ByteCursor;
  readonly #record: ByteCursor;

  /** `record`: a cursor over the same bytes as `window`, to be put on each descriptor. */
  constructor(window: ByteCursor, record: ByteCursor) {
    this.#window = window;
    this.#record = record;
  }

  /** Starts again; both cursors must be over the same bytes. */
  restart(): void {
    this.offset = this.length = 0;
  }

  /** Moves on to the next descriptor, and the record with it. */
  next(): ScanResult {
    this.offset += this.length;
    this.length = 0;
    let isBroken = false;
    for (; this.offset < this.#window.length; this.offset += ALIGNMENT) {
      const left = this.#window.length - this.offset;
      if (left < MIN_IDENTIFIER_BYTES) return isBroken ? 'broken' : 'cut';
      if (this.#window.u16le(this.offset) === TAG.fileIdentifier) {
        const length = identifierLength(this.#window, this.offset);
        if (length <= MAX_IDENTIFIER_BYTES && length > left) return isBroken ? 'broken' : 'cut';
        if (length <= left && this.#isGood(length)) {
          this.length = length;
          return isBroken ? 'broken' : 'identifier';
        }
      }
      isBroken = true;
    }
    return isBroken ? 'broken' : 'end';
  }

  #isGood(length: number): boolean {
    if (length > MAX_IDENTIFIER_BYTES) return false;
    this.#record.moveTo(this.offset, length);
    return checkTag(this.#record, undefined) !== 'none';
  }
}
