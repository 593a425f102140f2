// The file with pre-shared keys of TLS (RFC 4279), as nbdkit, libnbd and QEMU take it and psktool writes it.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import type { Warn } from './secret-file.js';
import { readSecretFile } from './secret-file.js';

const KIND = 'PSK file';
/** RFC 4279 5.3: what every implementation must take. */
const MAX_USER_BYTES = 128;
const MAX_KEY_BYTES = 64;
/** Shorter keys can be found by trying, from what was heard of one handshake. */
const MIN_KEY_BYTES = 16;

/**
 * Keys by the names of their users: a line "USER:KEY" for each, the key in hexadecimal. Rejects with `usage` and
 * `permission`.
 */
export async function readPskFile(path: string, warn: Warn): Promise<ReadonlyMap<string, Buffer>> {
  const keys = new Map<string, Buffer>();
  const text = await readSecretFile(KIND, path, warn);
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    const { user, key } = parseLine(path, line.trim(), i + 1);
    if (keys.has(user)) throw refuse(path, i + 1, 'the same user again', 'each once');
    keys.set(user, key);
  });
  if (keys.size > 0) return keys;
  throw new IsodriveError('usage', `${KIND} "${path}" has no line, expected "USER:KEY"`, {
    action: `Make one: psktool -u NAME -p ${path}`,
  });
}

/** The message must not show the line: it holds a secret. */
function parseLine(path: string, line: string, number: number): { user: string; key: Buffer } {
  const [, user = '', digits = ''] = /^([^:]+):((?:[0-9a-fA-F]{2})+)$/u.exec(line) ?? [];
  const key = Buffer.from(digits, 'hex');
  if (user === '') throw refuse(path, number, 'no "USER:KEY"', 'a key of hexadecimal digits');
  if (Buffer.byteLength(user) > MAX_USER_BYTES)
    throw refuse(path, number, 'a long name', `${countBytes(MAX_USER_BYTES)} at most`);
  if (key.length >= MIN_KEY_BYTES && key.length <= MAX_KEY_BYTES) return { user, key };
  throw refuse(path, number, `a key of ${countBytes(key.length)}`, `${MIN_KEY_BYTES} to ${MAX_KEY_BYTES}`);
}

function refuse(path: string, line: number, found: string, expected: string): IsodriveError {
  return new IsodriveError('usage', `${KIND} "${path}" has ${found} in line ${line}, expected ${expected}`);
}
