// Writes an output file whole or not at all: under another name first.
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { hostPath, realHostPath } from '../base/path-text.js';
import { IsodriveError } from '../base/error.js';
import { explainSystemError } from '../base/system-error.js';

/**
 * Gives what `write` gives. Rejects with what the file's disk or folder says, and with `usage` for the image
 * itself.
 */
export async function writeWhole<T>(
  path: string,
  image: string,
  write: (file: FileHandle) => Promise<T>,
): Promise<T> {
  if ((await realHostPath(path).catch(() => path)) === (await realHostPath(image))) {
    throw new IsodriveError('usage', `Cannot write to "${path}": it is the image, expected another file`);
  }
  const draft = `${path}.${process.pid}`;
  try {
    await using file = await open(hostPath(draft), 'wx', 0o644);
    try {
      const result = await write(file);
      await file.sync();
      await rename(hostPath(draft), hostPath(path));
      return result;
    } catch (thrown) {
      // What went wrong first is what the user has to know.
      await rm(hostPath(draft), { force: true }).catch(() => undefined);
      throw thrown;
    }
  } catch (thrown) {
    throw explainSystemError(`Cannot write "${path}"`, thrown);
  }
}
