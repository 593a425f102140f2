// Whether a directory is empty, for trees that can only list it.
import type { FileTree } from './file-tree.js';

/** Counts the entries that a listing gives; its faults are met again when it is shown. Rejects as readDirectory does. */
export async function listsNothing(
  tree: FileTree,
  locator: number,
  size: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let count = 0;
  await tree.readDirectory(locator, size, { add: () => void (count += 1) }, () => undefined, signal);
  return count === 0;
}
