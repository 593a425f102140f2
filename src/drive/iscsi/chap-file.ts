// The file with CHAP names and secrets.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import type { Warn } from '../net/secret-file.js';
import { readSecretFile } from '../net/secret-file.js';
import type { ChapSecrets, Credentials } from './chap.js';
import { MIN_SECRET_BYTES } from './chap.js';

/**
 * Two lines at most, "NAME SECRET" each: the initiator's, and for mutual authentication the target's. Rejects with
 * `usage` for anything else, and for secrets that are too short or the same (RFC 7143 9.2.1), and with `permission`.
 */
export async function readChapFile(path: string, warn: Warn): Promise<ChapSecrets> {
  const lines = (await readSecretFile('CHAP file', path, warn))
    .split('\n')
    .filter((line) => line.trim() !== '');
  const [initiator, target] = lines.map((line) => parseLine(path, line));
  if (initiator === undefined || lines.length > 2 || initiator.secret === target?.secret) {
    throw new IsodriveError(
      'usage',
      `CHAP file "${path}" has ${lines.length} lines, expected one or two, with different secrets`,
    );
  }
  return { initiator, target };
}

/** The message must not show the line: it holds a secret. */
function parseLine(path: string, line: string): Credentials {
  const match = /^\s*(\S+)\s+(\S+)\s*$/.exec(line);
  const [, name = '', secret = ''] = match ?? [];
  if (Buffer.byteLength(secret) >= MIN_SECRET_BYTES) return { name, secret };
  throw new IsodriveError(
    'usage',
    `CHAP file "${path}" has a line that is no "NAME SECRET", expected a secret of at least ${countBytes(MIN_SECRET_BYTES)}`,
  );
}
