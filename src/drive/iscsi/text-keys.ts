// Text parameters: "key=value" with a NUL behind each (RFC 7143 6.1).
import { ConnectionLost } from '../net/byte-stream.js';

/** Keys of one negotiation; there are some thirty. */
const MAX_KEYS = 128;

/** Later values of a key are errors (RFC 7143 6.1). Throws ConnectionLost for what is no text. */
export function decodeKeys(data: Buffer): Map<string, string> {
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
