// Cuts a byte stream into lines, for both ends of the control socket. Memory is bounded: a peer that never sends a
// newline is refused once its line is longer than the bound.
import { countBytes } from '../base/byte-count.js';
import { IsodriveError } from '../base/error.js';

const NEWLINE = 0x0a;

export class LineSplitter {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #length = 0;

  /** `maxBytes`: longest line, its newline included. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes a chunk, which it may keep; gives the lines that it completes, without newlines. Throws `usage` when one is
   * too
   * long.
   */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      const piece = chunk.subarray(start, end < 0 ? chunk.length : end);
      this.#keep(piece);
      if (end < 0) return lines;
      lines.push(Buffer.concat(this.#pieces).toString('utf8'));
      this.#pieces = [];
      this.#length = 0;
      start = end + 1;
    }
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length + 1 > this.#maxBytes) {
      throw new IsodriveError(
        'usage',
        `Message has more than ${countBytes(this.#length)}, expected at most ${this.#maxBytes}`,
      );
    }
    if (piece.length > 0) this.#pieces.push(piece);
  }
}
