// Writes an output file whole or not at all: under another name first.
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { hostPath, realHostPath } from '../base/path-text.js';
import { IsodriveError, isSystemError } from '../base/error.js';

/** Gives what `write` gives. Rejects with `permission` where the file cannot be written, `usage` for the image itself. */
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
    const result = await write(file);
    await file.sync();
    await rename(hostPath(draft), hostPath(path));
    return result;
  } catch (thrown) {
    await rm(hostPath(draft), { force: true });
    if (!isSystemError(thrown)) throw thrown;
    throw new IsodriveError(
      'permission',
      `Cannot write "${path}": ${thrown.code}, expected to be allowed to`,
      { cause: thrown, action: 'Choose a file in a directory that you may write to' },
    );
  }
}
