// TF: time stamps (RRIP 1.12 4.1.6), as many as its flags say, in the order of the flags.
import type { ByteCursor } from '../../../base/byte-cursor.js';
import type { DirectoryEntry, Timestamp } from '../../file-tree.js';
import { LONG_DATE_BYTES, SHORT_DATE_BYTES, readLongDate, readShortDate } from '../date.js';

const FLAG = { creation: 1, modify: 2, access: 4, attributes: 8, longForm: 0x80 } as const;

/** Fills the times that the field has room for. Several fields may add to one another. */
export function readTimeStamps(cursor: ByteCursor, at: number, length: number, entry: DirectoryEntry): void {
  if (length < 5) return;
  const flags = cursor.u8(at + 4);
  const width = (flags & FLAG.longForm) !== 0 ? LONG_DATE_BYTES : SHORT_DATE_BYTES;
  const end = at + length;
  let next = at + 5;
  // Some writers keep the attribute change time as the creation time, which POSIX does not have: it stands in.
  if ((flags & FLAG.creation) !== 0) next = readStamp(cursor, next, end, width, entry.changed);
  if ((flags & FLAG.modify) !== 0) next = readStamp(cursor, next, end, width, entry.modified);
  if ((flags & FLAG.access) !== 0) next = readStamp(cursor, next, end, width, entry.accessed);
  if ((flags & FLAG.attributes) !== 0) readStamp(cursor, next, end, width, entry.changed);
}

function readStamp(cursor: ByteCursor, at: number, end: number, width: number, into: Timestamp): number {
  if (at + width > end) return end;
  if (width === SHORT_DATE_BYTES) readShortDate(cursor, at, into);
  else readLongDate(cursor, at, into);
  return at + width;
}
