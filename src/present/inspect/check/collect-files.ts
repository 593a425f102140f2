// Walks a view to its end and notes where the bytes of its files lie. What cannot be listed becomes a finding by the
// way, as it does for every reader.
import { toIsodriveError } from '../../../base/error.js';
import { MODE_TYPE, isOnDisc } from '../../../filesystem/contract/file-tree.js';
import { ROOT_ROW } from '../../../index/index-table.js';
import type { DiscIndex } from '../../../index/disc-index.js';
import { CODING, ROW } from '../../../index/layout.js';
import { readCoding } from '../../../index/node-record.js';
import { RowExtents } from '../../../index/row-extents.js';
import type { OpenedImage } from '../../../image/open-image.js';
import { throwIfAborted } from '../../../base/abort.js';

/** Entries of one view that are looked at; what lies behind them is left out of the check. */
export const MAX_CHECKED_ENTRIES = 1_000_000;

export interface PlacedRun {
  readonly offset: number;
  readonly length: number;
}

export interface CheckedFile {
  readonly row: number;
  readonly size: number;
  /** Its bytes are stored otherwise than they are read. */
  readonly isCoded: boolean;
  /** Runs of image bytes, in file order; holes left out. Read from the index each time: a file may have many. */
  readonly runs: Iterable<PlacedRun>;
}

export interface CheckedView {
  readonly image: OpenedImage;
  /** Files that have bytes, in the order of the index. */
  readonly files: readonly CheckedFile[];
  /** There are more than MAX_CHECKED_ENTRIES. */
  readonly isCut: boolean;
}

/** Rejects with `cancelled`, and with `image-unreadable` when the medium fails. */
export async function collectFiles(
  image: OpenedImage,
  signal: AbortSignal | undefined,
  limit = MAX_CHECKED_ENTRIES,
): Promise<CheckedView> {
  const { index } = image;
  const files: CheckedFile[] = [];
  const pending: number[] = [ROOT_ROW];
  let entries = 0;
  for (let row = pending.pop(); row !== undefined; row = pending.pop()) {
    throwIfAborted(signal);
    const type = index.table.type(row);
    if (type === MODE_TYPE.regular) addFile(files, image, row);
    if (type !== MODE_TYPE.directory) continue;
    try {
      const { first, count } = await index.children(row);
      if ((entries += count) > limit) return { image, files, isCut: true };
      for (let child = first; child < first + count; child += 1) pending.push(child);
    } catch (thrown) {
      if (toIsodriveError(thrown).code !== 'damaged') throw thrown;
    }
  }
  return { image, files, isCut: false };
}

function addFile(files: CheckedFile[], { index }: OpenedImage, row: number): void {
  const size = index.table.wide(row, ROW.sizeLow);
  if (size === 0) return;
  const isCoded = readCoding(index.table, row).coding !== CODING.plain;
  files.push({
    ...{ row, size, isCoded },
    get runs() {
      return listRuns(index, row);
    },
  });
}

function* listRuns({ table }: DiscIndex, row: number): Iterable<PlacedRun> {
  for (const extent of new RowExtents(table, row)) if (isOnDisc(extent)) yield extent;
}

/** Byte offset of the first run; -1 for a file without one. */
export function placeOf({ runs }: CheckedFile): number {
  for (const { offset } of runs) return offset;
  return -1;
}
