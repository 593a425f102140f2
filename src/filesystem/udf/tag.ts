// The descriptor tag (ECMA-167 3/7.2, 4/7.2): what a structure is, and whether its bytes are what was written.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { crcOf } from '../../base/crc16.js';

export const TAG_BYTES = 16;

/** Tag identifiers (ECMA-167 3/7.2.1, 4/7.2.1). */
export const TAG = {
  primaryVolume: 1,
  anchor: 2,
  volumePointer: 3,
  implementationUse: 4,
  partition: 5,
  logicalVolume: 6,
  unallocatedSpace: 7,
  terminating: 8,
  integrity: 9,
  fileSet: 256,
  fileIdentifier: 257,
  allocationExtent: 258,
  indirectEntry: 259,
  terminalEntry: 260,
  fileEntry: 261,
  extendedAttributeHeader: 262,
  spaceBitmap: 264,
  extendedFileEntry: 266,
} as const;

/**
 * `none`: no descriptor stands here (wrong checksum or version). `crc`: its bytes were changed. `location`: it was
 * written for another block, as some masters do with all of theirs.
 */
export type TagFault = 'none' | 'crc' | 'location';

/** Tag identifier of the descriptor at the start of the cursor's window (3/7.2.1, BP 0-1). */
export function tagIdentifier(cursor: ByteCursor): number {
  return cursor.u16le(0);
}

/**
 * Looks whether a good descriptor starts the cursor's window; `location` is the block it must have been written for,
 * undefined where that is not looked at.
 */
export function checkTag(cursor: ByteCursor, location: number | undefined): TagFault | undefined {
  // 3/7.2.3 Tag Checksum, BP 4: the sum of the other 15 bytes.
  const sum = cursor.fold(0, TAG_BYTES, sumOf);
  const checksum = cursor.u8(4);
  const version = cursor.u16le(2); // 3/7.2.2 Descriptor Version, BP 2-3
  if (((sum - checksum) & 0xff) !== checksum || version < 2 || version > 3) return 'none';
  const length = cursor.u16le(10); // 3/7.2.7 Descriptor CRC Length, BP 10-11
  // 3/7.2.6 Descriptor CRC, BP 8-9. What claims more than there is cannot be checked (Linux takes it for good).
  const isCheckable = TAG_BYTES + length <= cursor.length;
  if (isCheckable && cursor.fold(TAG_BYTES, length, crcOf) !== cursor.u16le(8)) return 'crc';
  if (location === undefined || cursor.u32le(12) === location) return undefined; // 3/7.2.8 Tag Location, BP 12-15
  return 'location';
}

function sumOf(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 1) sum += bytes[at]!;
  return sum;
}
