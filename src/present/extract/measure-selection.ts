// Adds up what an extraction is about to write, so that progress can tell how much is left. It loads the index of
// what was selected, which extraction needs anyway.
import { toIsodriveError } from '../../base/error.js';
import { MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import type { OpenedImage } from '../../image/open-image.js';
import { ROW } from '../../index/layout.js';
import { throwIfAborted } from '../../base/abort.js';
import type { ExtractTotals } from './extract-log.js';

export interface MeasuredSelection extends ExtractTotals {
  /** Entries, those below a second name of a directory left out. */
  readonly distinct: number;
}

/** Totals of the rows and all below them; directories that cannot be listed count as empty. */
export async function measureSelection(
  { index }: OpenedImage,
  rows: readonly number[],
  signal: AbortSignal | undefined,
): Promise<MeasuredSelection> {
  let bytes = 0;
  let entries = 0;
  let repeated = 0;
  const places = new Set<number>();
  const pending = [...rows];
  for (let row = pending.pop(); row !== undefined; row = pending.pop()) {
    throwIfAborted(signal);
    const type = index.table.type(row);
    entries += 1;
    if (type === MODE_TYPE.regular) bytes += index.table.wide(row, ROW.sizeLow);
    if (type !== MODE_TYPE.directory) continue;
    try {
      const { first, count } = await index.children(row);
      const place = index.table.wide(row, ROW.dataLow);
      if (places.has(place)) repeated += count;
      places.add(place);
      for (let child = first; child < first + count; child += 1) pending.push(child);
    } catch (thrown) {
      const error = toIsodriveError(thrown);
      if (error.code === 'cancelled' || error.code === 'internal') throw error;
    }
  }
  return { bytes, entries, distinct: entries - repeated };
}
