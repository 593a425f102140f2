// Writes an output file whole or not at all: under another name first.
import { open, realpath, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { IsodriveError } from '../base/error.js';
import { explainSystemError } from '../base/system-error.js';

/** Gives what `write` gives. Rejects with what the file's disk or folder says, and with `usage` for the image itself. */
export async function writeWhole<T>(
  path: string,
  image: string,
  write: (file: FileHandle) => Promise<T>,
): Promise<T> {
  if ((await realpath(path).catch(() => path)) === (await realpath(image))) {
    throw new IsodriveError('usage', `Cannot write to "${path}": it is the image, expected another file`);
  }
  const draft = `${path}.${process.pid}`;
  try {
    await using file = await open(draft, 'wx', 0o644);
    try {
      const result = await write(file);
      await file.sync();
      await rename(draft, path);
      return result;
    } catch (thrown) {
      // What went wrong first is what the user has to know.
      await rm(draft, { force: true }).catch(() => undefined);
      throw thrown;
    }
  } catch (thrown) {
    throw explainSystemError(`Cannot write "${path}"`, thrown);
  }
}
