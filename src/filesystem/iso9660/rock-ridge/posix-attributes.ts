// PX and PN: POSIX file attributes and device numbers (RRIP 1.12 4.1.1, 4.1.2).
import type { ByteCursor } from '../../../base/byte-cursor.js';
import type { DirectoryEntry } from '../../contract/file-tree.js';

/** PX without the serial number of 1.12: four both-endian numbers. */
const PX_BYTES = 36;
/** With it: a fifth one. */
const PX_BYTES_1_12 = 44;
const PN_BYTES = 20;
const PERMISSION_BITS = 0o7777;
const TYPE_BITS = 0o170000;

/**
 * Fills links, owner and permissions; gives the type bits of the mode, which the caller has to judge against the
 * record's flags. -1 when the field is too short.
 */
export function readPosixAttributes(
  cursor: ByteCursor,
  at: number,
  length: number,
  entry: DirectoryEntry,
): number {
  if (length < PX_BYTES) return -1;
  const mode = cursor.u32both(at + 4); // BP 5-12 file mode
  entry.mode = (entry.mode & ~PERMISSION_BITS) | (mode & PERMISSION_BITS);
  entry.links = cursor.u32both(at + 12); // BP 13-20 links
  entry.userId = cursor.u32both(at + 20); // BP 21-28 user
  entry.groupId = cursor.u32both(at + 28); // BP 29-36 group
  return mode & TYPE_BITS;
}

/** The serial number of RRIP 1.12, BP 37-44; 0 where there is none. */
export function readSerialNumber(cursor: ByteCursor, at: number, length: number): number {
  return length < PX_BYTES_1_12 ? 0 : cursor.u32both(at + 36);
}

/**
 * Fills the device number: the high and low 32 bits of dev_t (BP 5-12, 13-20). Some writers put major and minor
 * there; others all of it into the low word, as Linux packs it (include/linux/kdev_t.h, new_decode_dev), which a high
 * word of 0 beside a large low one gives away.
 */
export function readDeviceNumber(
  cursor: ByteCursor,
  at: number,
  length: number,
  entry: DirectoryEntry,
): void {
  if (length < PN_BYTES) return;
  const high = cursor.u32both(at + 4);
  const low = cursor.u32both(at + 12);
  const packed = high === 0 && low > 0xff;
  entry.deviceMajor = packed ? (low >>> 8) & 0xfff : high;
  entry.deviceMinor = packed ? (low & 0xff) | ((low >>> 12) & 0xf_ff00) : low;
}
