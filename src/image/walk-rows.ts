// Every row of a tree, parents before children, loading the index on the way.
import { toIsodriveError } from '../base/error.js';
import { MODE_TYPE } from '../filesystem/contract/file-tree.js';
import { throwIfAborted } from '../base/abortable.js';
import type { DiscIndex } from '../index/disc-index.js';

/**
 * The row and all below it, names in byte order. Directories that cannot be listed count as empty: the index has
 * their findings. Throws `cancelled` on abort.
 */
export async function* walkRows(
  index: DiscIndex,
  top: number,
  signal?: AbortSignal,
): AsyncGenerator<number, void, undefined> {
  const pending: number[] = [top];
  for (let row = pending.pop(); row !== undefined; row = pending.pop()) {
    throwIfAborted(signal);
    yield row;
    if (index.table.type(row) !== MODE_TYPE.directory) continue;
    try {
      const { first, count } = await index.children(row);
      for (let child = first + count - 1; child >= first; child -= 1) pending.push(child);
    } catch (thrown) {
      const error = toIsodriveError(thrown);
      if (error.code === 'cancelled' || error.code === 'internal') throw error;
    }
  }
}
