// The fixed part of a directory record (ECMA-119 9.1), which every tree of a disc shares.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { MODE_TYPE } from '../contract/file-tree.js';
import type { DirectoryEntry } from '../contract/file-tree.js';
import type { ShortDateReader } from './date.js';

/** Byte offsets in a record; the standard counts from 1. */
export const RECORD = {
  /** 9.1.1 Length of Directory Record, BP 1; 0 means that the sector holds no more records. */
  length: 0,
  /** 9.1.2 Extended Attribute Record Length, logical blocks, BP 2. */
  extendedAttributes: 1,
  /** 9.1.3 Location of Extent, logical block, BP 3-10, both-endian. */
  extent: 2,
  /** 9.1.4 Data Length, bytes, BP 11-18, both-endian. */
  size: 10,
  /** 9.1.5 Recording Date and Time, BP 19-25. */
  date: 18,
  /** 9.1.6 File Flags, BP 26. */
  flags: 25,
  /** 9.1.7 File Unit Size, logical blocks, BP 27; 0 when not interleaved. */
  unitSize: 26,
  /** 9.1.8 Interleave Gap Size, logical blocks, BP 28. */
  gapSize: 27,
  /** 9.1.10 Length of File Identifier, BP 33. */
  nameLength: 32,
  /** 9.1.11 File Identifier, BP 34 on. */
  name: 33,
} as const;

/** 9.1.6, table 10. */
export const RECORD_FLAG = { directory: 0x02, associated: 0x04, multiExtent: 0x80 } as const;
/**
 * High Sierra (the standard's draft of 1986): the flags stand where ISO 9660 has the time zone, which it lacks. All
 * other offsets are the same.
 */
export const HIGH_SIERRA_FLAGS = 24;

/** Where records of the two generations of the format differ. */
export interface RecordFormat {
  /** Bytes of a logical block. */
  readonly blockSize: number;
  /** Offset of the File Flags. */
  readonly flags: number;
}

/** Smallest record: a name of one byte. */
export const MIN_RECORD_BYTES = 34;

/** Permissions of trees that know none: everybody may read, nobody may write. */
const DIRECTORY_MODE = MODE_TYPE.directory | 0o555;
const FILE_MODE = MODE_TYPE.regular | 0o444;

/** "." is named by one zero byte, ".." by one byte of 1 (9.1.11, 7.6.2). */
export function isDotRecord(cursor: ByteCursor): boolean {
  return cursor.u8(RECORD.nameLength) === 1 && cursor.u8(RECORD.name) <= 1;
}

/** Offset of the System Use field (9.1.13): behind the name and the byte that pads it to an even length. */
export function systemUseOffset(nameLength: number): number {
  return (RECORD.name + nameLength + 1) & ~1;
}

/** Resets the entry and fills it with what the fixed fields say; its name, times and extents are left to the caller. */
export function readFixedFields(
  cursor: ByteCursor,
  blockSize: number,
  entry: DirectoryEntry,
  flags: number = RECORD.flags,
): void {
  entry.reset();
  const block = cursor.u32both(RECORD.extent) + cursor.u8(RECORD.extendedAttributes);
  entry.size = cursor.u32both(RECORD.size);
  entry.locator = block * blockSize;
  if ((cursor.u8(flags) & RECORD_FLAG.directory) !== 0) {
    entry.mode = DIRECTORY_MODE;
    entry.inode = entry.locator;
  } else {
    entry.mode = FILE_MODE;
    entry.inode = cursor.offsetInSource(0);
  }
}

/** Gives the entry the record's date for all its times. */
export function readRecordDate(cursor: ByteCursor, dates: ShortDateReader, entry: DirectoryEntry): void {
  const { modified, accessed, changed } = entry;
  dates.read(cursor, RECORD.date, modified);
  accessed.seconds = changed.seconds = modified.seconds;
  accessed.microseconds = changed.microseconds = 0;
}
