// A message that ends with bytes of an image, which the kernel sends from its page cache: without copies, reading and
// sending cost a third of what they do through a buffer.
import type { DataStream } from '../disc/data-stream.js';
import type { DirectMessage } from './net/byte-stream.js';
import { ConnectionLost } from './net/byte-stream.js';
import { readSectors } from './read-sectors.js';

/** Bytes copied where the socket is full. */
const COPIED = 64 * 1024;

/** Bytes of an image, from `position` on. */
export interface ImageRange {
  readonly reader: DataStream;
  readonly position: number;
}

export interface ImageMessageOptions extends ImageRange {
  /** What comes before the bytes; may be written to until the first of it is sent. */
  readonly header: Uint8Array;
  /** Bytes of the image. */
  readonly bytes: number;
  /** Memory for what has to be copied, for the message alone while it is sent. */
  readonly buffer: Uint8Array;
  /** Fires when nobody wants the message any more. */
  readonly closed: AbortSignal;
}

export class ImageMessage implements DirectMessage {
  readonly length: number;
  readonly #options: ImageMessageOptions;

  constructor(options: ImageMessageOptions) {
    this.#options = options;
    this.length = options.header.length + options.bytes;
  }

  sendNow(socket: number, offset: number): number | undefined {
    const { header, reader, position, bytes } = this.#options;
    const start = Math.max(0, offset - header.length);
    return reader.sendCached?.(socket, header.subarray(offset), position + start, bytes - start);
  }

  async read(offset: number): Promise<Uint8Array> {
    const { header, reader, position, bytes, buffer, closed } = this.#options;
    if (offset < header.length) return header.subarray(offset);
    const start = offset - header.length;
    const part = buffer.subarray(0, Math.min(COPIED, bytes - start));
    const got = await readSectors(reader, part, position + start, closed);
    if (got < part.length) throw new ConnectionLost('Image ended in the middle of a message');
    return part;
  }
}
