// The size of the file that begins at a place of the disc: boot images are files of the disc on most discs.
import { IsodriveError } from '../../base/error.js';
import { MODE_TYPE } from '../contract/file-tree.js';
import type { DirectoryEntry, FileTree } from '../contract/file-tree.js';

/** Entries of a tree that are looked at; boot images lie in its upper directories. */
export const MAX_LOOKED_AT = 16_384;

/**
 * Bytes of the largest plain file of `tree` that begins at a byte of the image; 0 where none is met. Breadth first;
 * directories that cannot be listed are passed over. Rejects with `cancelled` only.
 */
export async function findFileSize(
  tree: FileTree,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let size = 0;
  let left = MAX_LOOKED_AT;
  const pending: { locator: number; size: number }[] = [];
  const add = (entry: DirectoryEntry): void => {
    const type = entry.mode & MODE_TYPE.mask;
    left -= 1;
    if (type === MODE_TYPE.directory) pending.push({ locator: entry.locator, size: entry.size });
    const isPlain = type === MODE_TYPE.regular && entry.extents === undefined;
    if (isPlain && entry.locator === offset) size = Math.max(size, entry.size);
  };
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
    }
  };
  await attempt(async () => add(await tree.readRoot(signal)));
  for (const directory of pending) {
    if (size > 0 || left <= 0) break;
    const list = (): Promise<void> =>
      tree.readDirectory(directory.locator, directory.size, { add }, () => undefined, signal);
    await attempt(list);
  }
  return size;
}
