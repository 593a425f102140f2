// Reads a file's bytes through the index: the slow, universal twin of what the addon does natively.
import { IsodriveError } from '../base/error.js';
import type { FileContent } from '../filesystem/file-content.js';
import type { Extent } from '../filesystem/file-tree.js';
import type { ByteSource } from '../source/byte-source.js';

/** The stored bytes of one file, which are its content unless it has a coding. May be read concurrently. */
export class FileReader implements FileContent {
  readonly size: number;
  readonly #source: ByteSource;
  readonly #extents: readonly Extent[];
  /** Where each extent starts in the file. */
  readonly #starts: Float64Array;

  /** `extents` as readExtents gives them; their lengths need not reach `size`, what lacks reads as damaged. */
  constructor(source: ByteSource, extents: readonly Extent[], size: number) {
    this.#source = source;
    this.#extents = extents;
    this.#starts = new Float64Array(extents.length);
    let start = 0;
    for (const [i, { length }] of extents.entries()) {
      this.#starts[i] = start;
      start += length;
    }
    this.size = size;
  }

  /**
   * Reads at byte `position` of the file into `target`; gives the bytes read, short only at the end of the file.
   * Rejects with `damaged` where the image ends before the file does, and as ByteSource.read does.
   */
  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    const wanted = Math.max(0, Math.min(target.length, this.size - position));
    let done = 0;
    for (let i = this.#find(position); done < wanted && i < this.#extents.length; i += 1) {
      const extent = this.#extents[i]!;
      const within = position + done - this.#starts[i]!;
      // Behind the last extent, or an extent of no bytes.
      if (within >= extent.length) continue;
      const length = Math.min(wanted - done, extent.length - within);
      await this.#readRun(target.subarray(done, done + length), extent, within, signal);
      done += length;
    }
    if (done < wanted) this.#throwShort(position + done);
    return done;
  }

  /** The last extent that starts at or before the position: those before it have nothing to do with it. */
  #find(position: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle]! <= position) low = middle;
      else high = middle;
    }
    return low;
  }

  async #readRun(target: Uint8Array, extent: Extent, within: number, signal?: AbortSignal): Promise<void> {
    if (extent.offset === undefined) {
      target.fill(0);
      return;
    }
    const got = await this.#source.read(target, extent.offset + within, signal);
    if (got < target.length) this.#throwShort(extent.offset + within + got);
  }

  #throwShort(offset: number): never {
    const source = this.#source.name;
    throw new IsodriveError(
      'damaged',
      `Cannot read byte ${offset} of "${source}": image ends at byte ${this.#source.size}, expected it to hold the whole file`,
      { at: { source, offset }, action: 'Fetch the image again: it is truncated' },
    );
  }
}
