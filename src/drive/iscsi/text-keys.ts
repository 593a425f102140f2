// Text parameters: "key=value" with a NUL behind each (RFC 7143 6.1).
import { ConnectionLost } from '../net/byte-stream.js';
import type { Pdu } from './pdu.js';

/** Keys of one negotiation; there are some thirty. */
const MAX_KEYS = 128;
/** Bytes of text in requests that continue each other. */
const MAX_TEXT = 64 * 1024;
/** Flag of requests and responses: their text goes on in the next (C bit, RFC 7143 11.10.2). */
export const CONTINUE = 0x40;

/** Text that may come in several requests (RFC 7143 6.2). */
export class TextCollector {
  #text: Buffer = Buffer.alloc(0);

  /**
   * The keys, once the text has come to its end; undefined before. Throws ConnectionLost for too much, and for no
   * text.
   */
  take({ header, data }: Pdu): Map<string, string> | undefined {
    const text = this.#text.length === 0 ? data : Buffer.concat([this.#text, data]);
    if (text.length > MAX_TEXT) throw new ConnectionLost('Initiator sent too much text');
    const goesOn = (header[1]! & CONTINUE) !== 0;
    this.#text = goesOn ? text : Buffer.alloc(0);
    return goesOn ? undefined : decodeKeys(text);
  }
}

/** A key may come once only (RFC 7143 6.3). Throws ConnectionLost for what is no text. */
function decodeKeys(data: Buffer): Map<string, string> {
  const keys = new Map<string, string>();
  for (const item of data.toString('utf8').split('\0')) {
    if (item === '') continue;
    const at = item.indexOf('=');
    if (at < 1 || keys.has(item.slice(0, at)) || keys.size === MAX_KEYS) {
      throw new ConnectionLost('Initiator sent text that is no list of keys');
    }
    keys.set(item.slice(0, at), item.slice(at + 1));
  }
  return keys;
}

export function encodeKeys(keys: Iterable<readonly [string, string]>): Buffer {
  return Buffer.from([...keys].map(([key, value]) => `${key}=${value}\0`).join(''));
}
