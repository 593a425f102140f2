// Files with secrets: passwords and keys, which a command line would show to every user of the machine.
import { countBytes } from '../../base/byte-count.js';
import { open } from 'node:fs/promises';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { quoteForShell } from '../../base/shell-word.js';
import { nameSystemError } from '../../base/system-error.js';

/** Bytes of a file; a list of a thousand keys has a tenth of that. */
const MAX_BYTES = 1024 * 1024;
/** Read or written by every user. */
const OTHERS = 0o006;

/** Told of what should be otherwise but is no reason to stop. */
export type Warn = (remark: string, hint: string) => void;

/**
 * The text of a file, UTF-8. `kind` is what messages call it: "CHAP file". Warns where any user of the machine may
 * read or change it. Rejects with `usage` and `permission`.
 */
export async function readSecretFile(kind: string, path: string, warn: Warn): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const stat = await file.stat();
    if (process.platform !== 'win32' && (stat.mode & OTHERS) !== 0) {
      const mode = (stat.mode & 0o7777).toString(8);
      warn(
        `${kind} "${path}" has mode ${mode}: every user of this machine can read or change it`,
        `chmod 600 ${quoteForShell(path)}`,
      );
    }
    return await readAll(kind, path, file);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    const code = cause.code === 'EACCES' ? 'permission' : 'usage';
    throw new IsodriveError(code, `Cannot read ${kind} "${path}": ${nameSystemError(cause)}`, { cause });
  }
}

/** Pipes, which shells make of `<(...)`, have no size to look at first. */
async function readAll(
  kind: string,
  path: string,
  file: { createReadStream(): AsyncIterable<Buffer> },
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of file.createReadStream()) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BYTES)
      throw new IsodriveError(
        'usage',
        `${kind} "${path}" is longer than ${countBytes(MAX_BYTES)}, expected less`,
      );
  }
  return Buffer.concat(chunks).toString();
}
