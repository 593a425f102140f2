// The data of one command on its way to the initiator: PDUs as large as it takes, numbered one after another, the last
// of which carries the status too (RFC 7143 11.7).
import { createHeader, NO_TAG, RESPONSE } from './pdu.js';
import type { Session } from './session.js';

const FINAL = 0x80;
const STATUS_PRESENT = 0x01;

/** How far what there was to send differs from what the initiator expected. */
export interface Residual {
  readonly flag: number;
  readonly bytes: number;
}

export class DataSequence {
  readonly #session: Session;
  readonly #tag: number;
  readonly #length: number;
  readonly #residual: Residual;
  #sent = 0;
  #number = 0;
  /** Bytes of the burst under way. */
  #burst = 0;

  /** `length`: bytes of data in all, at least one. */
  constructor(session: Session, tag: number, length: number, residual: Residual) {
    this.#session = session;
    this.#tag = tag;
    this.#length = length;
    this.#residual = residual;
  }

  /** Sends the next bytes; their memory is the caller's again when this settles. Rejects with ConnectionLost. */
  async send(bytes: Uint8Array): Promise<void> {
    const { maxDataIn, maxBurst } = this.#session.parameters;
    const sending: Promise<void>[] = [];
    for (let at = 0; at < bytes.length;) {
      const size = Math.min(maxDataIn, maxBurst - this.#burst, bytes.length - at);
      this.#burst = this.#burst + size === maxBurst ? 0 : this.#burst + size;
      sending.push(this.#sendOne(bytes.subarray(at, at + size)));
      at += size;
    }
    await Promise.all(sending);
  }

  #sendOne(data: Uint8Array): Promise<void> {
    const isLast = this.#sent + data.length === this.#length;
    const flags =
      (isLast || this.#burst === 0 ? FINAL : 0) | (isLast ? STATUS_PRESENT | this.#residual.flag : 0);
    const header = createHeader(RESPONSE.DATA_IN, flags, this.#tag);
    header.writeUInt32BE(NO_TAG, 20);
    header.writeUInt32BE(this.#number, 36);
    header.writeUInt32BE(this.#sent, 40);
    if (isLast) header.writeUInt32BE(this.#residual.bytes, 44);
    this.#sent += data.length;
    this.#number += 1;
    return this.#session.send(header, data, isLast ? 'status' : 'data');
  }
}
