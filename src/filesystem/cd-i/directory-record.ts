// A directory record of CD-i: the fixed fields of ECMA-119 9.1 with only their big-endian halves, and behind the name
// the owner and attributes that CD-ROM XA has too. Source: public descriptions by the community, see disc-label.ts.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { MIN_RECORD_BYTES, RECORD, RECORD_FLAG, systemUseOffset } from '../iso9660/directory-record.js';

/** Offset of the attributes behind the name and its padding: group and user stand before them. */
const ATTRIBUTES = 4;
/** Bits of the attributes; those of who may read and run it are the owner's, the group's and everybody's. */
const ATTRIBUTE = { execute: 0x0444, sound: 0x4000, directory: 0x8000 } as const;

export interface CdiRecord {
  /** Block where the data begin, behind the extended attribute record. */
  readonly block: number;
  /** Bytes. */
  readonly size: number;
  readonly isDirectory: boolean;
  /** Somebody may run it. */
  readonly isExecutable: boolean;
  /** It is a part of a sound track. */
  readonly isSound: boolean;
  /** Blocks of the file in a row, and between those others; both 0 where it is not interleaved. */
  readonly unit: number;
  readonly gap: number;
  readonly nameLength: number;
}

/** Whether the record of `length` bytes at the start of the cursor's window can be one. */
export function isRecord(cursor: ByteCursor, length: number): boolean {
  if (length < MIN_RECORD_BYTES || length > cursor.length) return false;
  const nameLength = cursor.u8(RECORD.nameLength);
  return nameLength > 0 && RECORD.name + nameLength <= length;
}

/** The record that is the cursor's window. */
export function parseRecord(record: ByteCursor): CdiRecord {
  const nameLength = record.u8(RECORD.nameLength);
  const at = systemUseOffset(nameLength) + ATTRIBUTES;
  const attributes = at + 2 <= record.length ? record.u16be(at) : 0;
  const flags = record.u8(RECORD.flags);
  const isDirectory = (attributes & ATTRIBUTE.directory) !== 0 || (flags & RECORD_FLAG.directory) !== 0;
  return {
    block: record.u32be(RECORD.extent + 4) + record.u8(RECORD.extendedAttributes),
    size: record.u32be(RECORD.size + 4),
    isDirectory,
    isExecutable: !isDirectory && (attributes & ATTRIBUTE.execute) !== 0,
    isSound: (attributes & ATTRIBUTE.sound) !== 0,
    unit: record.u8(RECORD.unitSize),
    gap: record.u8(RECORD.gapSize),
    nameLength,
  };
}
