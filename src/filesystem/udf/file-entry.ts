// File entry and extended file entry (ECMA-167 4/14.9, 4/14.17): what is known of a file besides its names.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import { MODE_TYPE } from '../contract/file-tree.js';
import type { Timestamp } from '../contract/file-tree.js';
import { readLongExtent, readU64 } from './fields.js';
import type { LongExtent } from './fields.js';
import { TAG, tagIdentifier } from './tag.js';
import { readTimestamp } from './timestamp.js';

/** 4/14.6.6 File Type, of those that a tree may have. */
export const FILE_TYPE = {
  unspecified: 0,
  directory: 4,
  regular: 5,
  block: 6,
  character: 7,
  fifo: 9,
  socket: 10,
  symlink: 12,
  streamDirectory: 13,
  virtualTable: 248,
  realTime: 249,
  metadata: 250,
  metadataMirror: 251,
  metadataBitmap: 252,
} as const;

/** 4/14.6.8 Flags, bits 0 to 2: what allocation descriptors the entry has. */
export const ALLOCATION = { short: 0, long: 1, extended: 2, embedded: 3 } as const;

/** Type bits of `mode` by file type; others are no entries of a directory. */
const MODES = new Map<number, number>([
  [FILE_TYPE.unspecified, MODE_TYPE.regular],
  [FILE_TYPE.directory, MODE_TYPE.directory],
  [FILE_TYPE.regular, MODE_TYPE.regular],
  [FILE_TYPE.block, MODE_TYPE.block],
  [FILE_TYPE.character, MODE_TYPE.character],
  [FILE_TYPE.fifo, MODE_TYPE.fifo],
  [FILE_TYPE.socket, MODE_TYPE.socket],
  [FILE_TYPE.symlink, MODE_TYPE.symlink],
  [FILE_TYPE.realTime, MODE_TYPE.regular],
]);
const SET_ID_FLAGS = [
  [0x40, 0o4000],
  [0x80, 0o2000],
  [0x100, 0o1000],
] as const;
/** "Not specified" (UDF 3.3.3.1, 3.3.3.2); Linux shows its overflow id. */
const NO_ID = 0xffff_ffff;
const OVERFLOW_ID = 65_534;

const NO_EXTENT: LongExtent = { length: 0, block: 0, partition: 0 };

/** One is kept and overwritten for entry after entry. */
export class FileEntry {
  isExtended = false;
  /** 4/14.6.2 Strategy Type: 4, or 4096 for a chain of entries of which the last one counts. */
  strategy = 0;
  fileType = 0;
  /** One of ALLOCATION, or a number that has no meaning. */
  allocation = 0;
  /** Type and permission bits; type bits 0 for what is no entry of a directory. */
  mode = 0;
  userId = 0;
  groupId = 0;
  links = 0;
  /** Bytes. */
  size = 0;
  readonly accessed: Timestamp = { seconds: 0, microseconds: 0 };
  readonly modified: Timestamp = { seconds: 0, microseconds: 0 };
  readonly changed: Timestamp = { seconds: 0, microseconds: 0 };
  /** An ICB of further extended attributes, and the directory of named streams. */
  attributes: LongExtent = NO_EXTENT;
  streams: LongExtent = NO_EXTENT;
  /** Window offsets and bytes of the extended attributes and the allocation descriptors; they lie in the window. */
  attributesOffset = 0;
  attributesLength = 0;
  allocationOffset = 0;
  allocationLength = 0;

  /** Reads the entry that starts the cursor's window. Throws `damaged` when it is none, or its lengths do not fit. */
  parse(cursor: ByteCursor): void {
    const identifier = tagIdentifier(cursor);
    this.isExtended = identifier === TAG.extendedFileEntry;
    if (!this.isExtended && identifier !== TAG.fileEntry) throw refuseTag(cursor, identifier);
    this.strategy = cursor.u16le(20); // 4/14.6.2, BP 4-5 of the ICB tag at BP 16
    this.fileType = cursor.u8(27); // 4/14.6.6
    const flags = cursor.u16le(34); // 4/14.6.8
    this.allocation = flags & 7;
    this.mode = (MODES.get(this.fileType) ?? 0) | readPermissions(cursor.u32le(44), flags); // 4/14.9.5, BP 44-47
    if (this.fileType === FILE_TYPE.symlink) this.mode = MODE_TYPE.symlink | 0o777;
    const userId = cursor.u32le(36); // 4/14.9.3 Uid, BP 36-39
    const groupId = cursor.u32le(40); // 4/14.9.4 Gid, BP 40-43
    this.userId = userId === NO_ID ? OVERFLOW_ID : userId;
    this.groupId = groupId === NO_ID ? OVERFLOW_ID : groupId;
    this.links = cursor.u16le(48); // 4/14.9.6 File Link Count, BP 48-49
    this.size = readU64(cursor, 56); // 4/14.9.10 Information Length, BP 56-63
    // From here on an extended entry has more fields: 4/14.17.
    const times = this.isExtended ? 80 : 72;
    readTimestamp(cursor, times, this.accessed);
    readTimestamp(cursor, times + 12, this.modified);
    readTimestamp(cursor, this.isExtended ? 116 : 96, this.changed);
    this.attributes = readIcb(cursor, this.isExtended ? 136 : 112);
    this.streams = this.isExtended ? readIcb(cursor, 152) : NO_EXTENT;
    const lengths = this.isExtended ? 208 : 168;
    this.attributesLength = cursor.u32le(lengths); // 4/14.9.22 Length of Extended Attributes
    this.allocationLength = cursor.u32le(lengths + 4); // 4/14.9.23 Length of Allocation Descriptors
    this.attributesOffset = lengths + 8;
    this.allocationOffset = this.attributesOffset + this.attributesLength;
    const end = this.allocationOffset + this.allocationLength;
    if (end > cursor.length) throw refuseLengths(cursor, end);
  }
}

/** No object for what nearly every entry has not. */
function readIcb(cursor: ByteCursor, offset: number): LongExtent {
  return cursor.u32le(offset) === 0 ? NO_EXTENT : readLongExtent(cursor, offset);
}

/**
 * 4/14.9.5: for other, group and owner five bits each, the first three as in POSIX; the others (change attributes,
 * delete) have no place there. 4/14.6.8: set-user-id, set-group-id and sticky are flags of the ICB.
 */
function readPermissions(permissions: number, flags: number): number {
  let mode = (permissions & 0o7) | ((permissions >>> 2) & 0o70) | ((permissions >>> 4) & 0o700);
  for (const [flag, bit] of SET_ID_FLAGS) if ((flags & flag) !== 0) mode |= bit;
  return mode;
}

function refuseTag(cursor: ByteCursor, found: number): IsodriveError {
  return new IsodriveError(
    'damaged',
    `Cannot read a file entry of "${cursor.sourceName}": tag is ${found}, expected 261 or 266`,
    { at: { source: cursor.sourceName, offset: cursor.offsetInSource(0), clause: 'ECMA-167 4/14.9' } },
  );
}

function refuseLengths(cursor: ByteCursor, end: number): IsodriveError {
  return new IsodriveError(
    'damaged',
    `Cannot read a file entry of "${cursor.sourceName}": it ends at ${end}, expected at most ${cursor.length}`,
    { at: { source: cursor.sourceName, offset: cursor.offsetInSource(0), clause: 'ECMA-167 4/14.9' } },
  );
}
