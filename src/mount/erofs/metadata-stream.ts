// Sequential output to a file through one preallocated buffer: small fields are set in place, and full buffers written.
import type { FileHandle } from 'node:fs/promises';

const BUFFER_BYTES = 1_048_576;
/** Bytes that `prepare` guarantees: a gap of less than a block, and an inode with all that is stored in its block. */
export const MAX_RECORD_BYTES = 8192;

export class MetadataStream {
  readonly bytes = new Uint8Array(BUFFER_BYTES);
  readonly view = new DataView(this.bytes.buffer);
  /** Where the next byte goes, in `bytes`; whoever sets fields in place moves it on. */
  at = 0;
  readonly #file: FileHandle;
  /** Position in the file of the start of the buffer. */
  #base = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  get position(): number {
    return this.#base + this.at;
  }

  /** Whether MAX_RECORD_BYTES fit without `flush`: so that the common case needs no promise. */
  get hasRoom(): boolean {
    return this.at + MAX_RECORD_BYTES <= BUFFER_BYTES;
  }

  async flush(): Promise<void> {
    for (let done = 0; done < this.at;) {
      const { bytesWritten } = await this.#file.write(this.bytes, done, this.at - done, this.#base + done);
      done += bytesWritten;
    }
    this.#base += this.at;
    this.bytes.fill(0, 0, this.at);
    this.at = 0;
  }

  /** Goes on at `position`, with zeros up to there. */
  async skipTo(position: number): Promise<void> {
    let left = position - this.position;
    if (left < 0) throw new RangeError(`Metadata is at byte ${this.position}, expected at most ${position}`);
    while (left > 0) {
      const step = Math.min(left, BUFFER_BYTES - this.at);
      this.at += step;
      left -= step;
      if (left > 0) await this.flush();
    }
    if (!this.hasRoom) await this.flush();
  }

  /** Appends bytes of any length. */
  async append(source: Uint8Array): Promise<void> {
    for (let done = 0; done < source.length;) {
      if (this.at === BUFFER_BYTES) await this.flush();
      const step = Math.min(source.length - done, BUFFER_BYTES - this.at);
      this.bytes.set(source.subarray(done, done + step), this.at);
      this.at += step;
      done += step;
    }
  }
}
