// The data of one command on its way to the initiator: PDUs as large as it takes, numbered one after another, the last
// of which carries the status too (RFC 7143 11.7).
import type { ImageRange } from '../image-message.js';
import { createHeader, NO_TAG, RESPONSE } from './pdu.js';
import type { PduSink } from './pdu-sink.js';

const FINAL = 0x80;
const STATUS_PRESENT = 0x01;

/** How far what there was to send differs from what the initiator expected. */
export interface Residual {
  readonly flag: number;
  readonly bytes: number;
}

export interface DataSequenceOptions {
  /** Of the command. */
  readonly tag: number;
  /** Bytes of data in all, at least one. */
  readonly length: number;
  readonly residual: Residual;
  /** Called just before the status is sent; more than once when that takes two attempts. */
  readonly onStatus: () => void;
}

export class DataSequence {
  readonly #session: PduSink;
  readonly #options: DataSequenceOptions;
  #sent = 0;
  #number = 0;
  /** Bytes of the burst under way. */
  #burst = 0;

  constructor(session: PduSink, options: DataSequenceOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Bytes that were sent, or are about to be. */
  get sent(): number {
    return this.#sent;
  }

  /**
   * Sends one PDU with the next bytes of an image that has all of the data; gives false, with nothing sent, when that
   * has to be read first. `buffer` is lent until this settles. Rejects with ConnectionLost.
   */
  async sendDirectly(image: ImageRange, buffer: Uint8Array): Promise<boolean> {
    const bytes = this.#nextLength(this.#options.length - this.#sent);
    const from = { ...image, position: image.position + this.#sent };
    const { header, kind } = this.#encodeHeader(bytes);
    const isSent = await this.#session.sendDirectly(header, from, bytes, buffer, kind);
    if (isSent) this.#advance(bytes);
    return isSent;
  }

  /** Sends the next bytes; their memory is the caller's again when this settles. Rejects with ConnectionLost. */
  async send(bytes: Uint8Array): Promise<void> {
    const sending: Promise<void>[] = [];
    for (let at = 0; at < bytes.length;) {
      const data = bytes.subarray(at, at + this.#nextLength(bytes.length - at));
      const { header, kind } = this.#encodeHeader(data.length);
      sending.push(this.#session.send(header, data, kind));
      this.#advance(data.length);
      at += data.length;
    }
    await Promise.all(sending);
  }

  /** Bytes that the next PDU may have, of so many. */
  #nextLength(available: number): number {
    const { maxDataIn, maxBurst } = this.#session.parameters;
    return Math.min(maxDataIn, maxBurst - this.#burst, available);
  }

  #encodeHeader(bytes: number): { header: Buffer; kind: 'status' | 'data' } {
    const { tag, length, residual, onStatus } = this.#options;
    const isLast = this.#sent + bytes === length;
    const endsBurst = this.#burst + bytes === this.#session.parameters.maxBurst;
    const flags = (isLast || endsBurst ? FINAL : 0) | (isLast ? STATUS_PRESENT | residual.flag : 0);
    const header = createHeader(RESPONSE.DATA_IN, flags, tag);
    header.writeUInt32BE(NO_TAG, 20);
    header.writeUInt32BE(this.#number, 36);
    header.writeUInt32BE(this.#sent, 40);
    if (isLast) {
      header.writeUInt32BE(residual.bytes, 44);
      onStatus();
    }
    return { header, kind: isLast ? 'status' : 'data' };
  }

  #advance(bytes: number): void {
    this.#sent += bytes;
    this.#number += 1;
    this.#burst = (this.#burst + bytes) % this.#session.parameters.maxBurst;
  }
}
