// The resource fork of a Mac file as a file of its own, ._NAME, in the form that macOS and other systems know
// (AppleSingle and AppleDouble Formats, 1990; RFC 1740): a header, the Finder's 32 bytes, and the fork as it is stored.
import { MODE_TYPE, addedExtent } from '../contract/file-tree.js';
import type { Extent, DirectoryEntry } from '../contract/file-tree.js';

export const DOUBLE_PREFIX = Buffer.from('._');
const MAGIC = 0x0005_1607;
const VERSION = 0x0002_0000;
const ENTRY_COUNT_AT = 24;
/** Entries of the header: number, offset, length. */
const ENTRIES_AT = 26;
const ENTRY_BYTES = 12;
const ENTRY = { resourceFork: 2, finderInfo: 9 } as const;
const HEADER_BYTES = ENTRIES_AT + 2 * ENTRY_BYTES;
export const FINDER_INFO_BYTES = 32;
/** Bytes in front of the fork. */
export const DOUBLE_LEAD_BYTES = HEADER_BYTES + FINDER_INFO_BYTES;
/** Ids of catalogs have 32 bits: the inode of a file's second part is above them. */
const INODE_BASE = 2 ** 32;

/** What a file has besides its data. */
export interface MacFork {
  /** FINDER_INFO_BYTES of the image. */
  readonly finderInfo: readonly Extent[];
  readonly size: number;
  readonly extents: readonly Extent[];
}

/** Makes `target` the entry of ._NAME beside `file`; false where the name would be too long for an entry. */
export function describeDouble(file: DirectoryEntry, fork: MacFork, target: DirectoryEntry): boolean {
  const length = DOUBLE_PREFIX.length + file.nameLength;
  if (length > target.name.length) return false;
  target.reset();
  target.name.set(DOUBLE_PREFIX);
  target.name.set(file.name.subarray(0, file.nameLength), DOUBLE_PREFIX.length);
  target.nameLength = length;
  target.mode = MODE_TYPE.regular | (file.mode & 0o666);
  target.userId = file.userId;
  target.groupId = file.groupId;
  for (const time of ['modified', 'accessed', 'changed'] as const) Object.assign(target[time], file[time]);
  target.inode = INODE_BASE + file.inode;
  target.size = DOUBLE_LEAD_BYTES + fork.size;
  target.extents = [addedExtent(makeHeader(fork.size)), ...fork.finderInfo, ...fork.extents];
  target.locator = fork.extents[0]?.offset ?? 0;
  return true;
}

function makeHeader(forkBytes: number): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt32BE(VERSION, 4);
  header.writeUInt16BE(2, ENTRY_COUNT_AT);
  const entries = [
    [ENTRY.finderInfo, HEADER_BYTES, FINDER_INFO_BYTES],
    [ENTRY.resourceFork, DOUBLE_LEAD_BYTES, forkBytes],
  ];
  entries.flat().forEach((value, i) => header.writeUInt32BE(value >>> 0, ENTRIES_AT + 4 * i));
  return header;
}
