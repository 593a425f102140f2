// The sums that libisofs records for each file of a disc, read from their array and given to the files' rows.
import { countBytes } from '../../base/byte-count.js';
import { createHash } from 'node:crypto';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import type { RecordedSums } from '../../filesystem/contract/file-tree.js';
import { ROW } from '../../index/layout.js';
import type { OpenedImage } from '../../image/open-image.js';
import { readIfPossible } from '../../source/read-fully.js';

/** Bytes of a sum: the format knows no other than MD5. */
const SUM_BYTES = 16;
/** Sums of an array: more than an index has rows. */
const MAX_SUMS = 8_388_608 + 2;

export interface FileSums {
  /** Hexadecimal MD5 of the stored bytes, by row; directories must have been loaded. */
  readonly byRow: ReadonlyMap<number, string>;
  /** Why they cannot be used; undefined when they can. */
  readonly fault: string | undefined;
}

/** Undefined for a disc that records none. Rejects with `cancelled`. */
export async function readFileSums(
  { index, source, tree }: OpenedImage,
  signal?: AbortSignal,
): Promise<FileSums | undefined> {
  const { recordedSums } = tree;
  if (recordedSums === undefined) return undefined;
  const byRow = new Map<number, string>();
  const unusable = checkArea(recordedSums, source.size);
  if (unusable !== undefined) return { byRow, fault: unusable };
  const { array, count } = recordedSums;
  const bytes = Buffer.from(await readIfPossible(source, array * SECTOR_SIZE, count * SUM_BYTES, signal));
  const end = (count - 1) * SUM_BYTES;
  const own = createHash('md5').update(bytes.subarray(0, end)).digest();
  // The last sum is of all others.
  if (!own.equals(bytes.subarray(end))) return { byRow, fault: 'the array of sums is damaged' };
  const { table } = index;
  for (let row = 0; row < table.rowCount; row += 1) {
    if (table.type(row) !== MODE_TYPE.regular) continue;
    const number = table.word(row, ROW.count);
    if (number > 0 && number < count - 1)
      byRow.set(row, bytes.toString('hex', number * SUM_BYTES, (number + 1) * SUM_BYTES));
  }
  return { byRow, fault: undefined };
}

function checkArea({ array, count, size, algorithm }: RecordedSums, imageBytes: number): string | undefined {
  if (algorithm !== 'MD5' || size !== SUM_BYTES)
    return `sums of ${countBytes(size)} by "${algorithm}" are not known`;
  if (count < 2 || count > MAX_SUMS) return `the array has ${count} sums, expected 2 to ${MAX_SUMS}`;
  if (array * SECTOR_SIZE + count * SUM_BYTES > imageBytes)
    return 'the array lies beyond the end of the image';
  return undefined;
}
