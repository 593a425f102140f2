// Fork data (Apple TN1150, "Fork Data Structure"): the size of a fork and its first eight extents, 80 bytes.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { ExtentFormat, ForkRequest } from '../hfs/fork-map.js';

/** Keys of the overflow tree: fork type, a byte of padding, file id, first block. */
export const EXTENTS: ExtentFormat = { runs: 8, width: 4, fileIdAt: 2, startAt: 6 };

/** What to look up for the fork data at `at` of a record. */
export function requestFork(record: ByteCursor, at: number, fileId: number, type: number): ForkRequest {
  // logicalSize, offset 0; extents, offset 16
  return { fileId, type, size: record.u64be(at), record, extentsAt: at + 16 };
}
