// Whether a directory is empty, for trees that can only list it.
import type { FileTree } from './file-tree.js';

/** Ends a listing with its first entry. */
class FoundEntry extends Error {}

/** Looks for the first entry of a listing; faults are met again when it is shown. Rejects as readDirectory does. */
export async function listsNothing(
  tree: FileTree,
  locator: number,
  size: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const stop = (): never => {
    throw new FoundEntry();
  };
  try {
    await tree.readDirectory(locator, size, { add: stop }, () => undefined, signal);
    return true;
  } catch (thrown) {
    if (thrown instanceof FoundEntry) return false;
    throw thrown;
  }
}
