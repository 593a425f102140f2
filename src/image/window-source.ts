// A stream around a stream that reads large windows and serves small reads from them. Files of a directory
// mostly lie one after another on a disc, so a walk over many small files costs one read of the image a mebibyte.
import { toIsodriveError } from '../base/error.js';
import type { Readable } from './file-reader.js';

/** Bytes of the window. */
export const WINDOW_BYTES = 1_048_576;
/** Reads from this size on go past the window. */
const LARGE_READ = WINDOW_BYTES / 4;

/** For one reader at a time: a second read while one is under way would change the window under it. */
export class WindowSource implements Readable {
  readonly name: string;
  readonly size: number;
  readonly #source: Readable;
  readonly #window = new Uint8Array(WINDOW_BYTES);
  #start = 0;
  #length = 0;

  /** Does not own `source`. */
  constructor(source: Readable) {
    this.name = source.name;
    this.size = source.size;
    this.#source = source;
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    if (target.length >= LARGE_READ) return this.#source.read(target, position, signal);
    if (!this.#holds(position, target.length) && !(await this.#fill(position, signal))) {
      return this.#source.read(target, position, signal);
    }
    const from = position - this.#start;
    const bytes = this.#window.subarray(from, Math.min(from + target.length, this.#length));
    target.set(bytes);
    return bytes.length;
  }

  /** A view of bytes of the window, valid until the next read. */
  peek(position: number, length: number): Uint8Array | undefined {
    if (!this.#holds(position, length) || position + length > this.#start + this.#length) return undefined;
    return this.#window.subarray(position - this.#start, position - this.#start + length);
  }

  #holds(position: number, length: number): boolean {
    const end = Math.min(position + length, this.size);
    return (
      position >= this.#start && position < this.#start + this.#length && end <= this.#start + this.#length
    );
  }

  /** False when the window could not be read: a fault in it may lie beside the bytes that are wanted. */
  async #fill(position: number, signal: AbortSignal | undefined): Promise<boolean> {
    this.#length = 0;
    this.#start = position;
    try {
      this.#length = await this.#source.read(this.#window, position, signal);
      return this.#length > 0;
    } catch (thrown) {
      // What lies behind the bytes that are wanted may be bad, or not in the image: sound behind a track of data.
      if (!['image-unreadable', 'damaged'].includes(toIsodriveError(thrown).code)) throw thrown;
      return false;
    }
  }
}
