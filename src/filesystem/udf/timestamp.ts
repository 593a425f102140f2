// Timestamps of ECMA-167 1/7.3, 12 bytes, with a time zone in minutes.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { Timestamp } from '../contract/file-tree.js';
import { civilSeconds } from '../iso9660/date.js';

export const TIMESTAMP_BYTES = 12;
/** 1/7.3.1: this offset means that the zone is not specified; Linux takes such times for UTC. */
const NO_ZONE = -2047;

/** Fields out of their range carry over, as Linux does it. */
export function readTimestamp(cursor: ByteCursor, offset: number, into: Timestamp): void {
  const typeAndZone = cursor.u16le(offset); // 1/7.3.1 Type and Time Zone, BP 0-1
  const isLocal = typeAndZone >>> 12 === 1;
  const zone = isLocal ? (typeAndZone << 20) >> 20 : 0;
  const seconds = civilSeconds(
    cursor.i16le(offset + 2), // 1/7.3.2 Year, BP 2-3
    cursor.u8(offset + 4),
    cursor.u8(offset + 5),
    cursor.u8(offset + 6),
    cursor.u8(offset + 7),
    cursor.u8(offset + 8),
  );
  into.seconds = zone === NO_ZONE ? seconds : seconds - zone * 60;
  const centiseconds = cursor.u8(offset + 9); // 1/7.3.8 to 1/7.3.10, BP 9-11
  const hundreds = cursor.u8(offset + 10);
  const microseconds = cursor.u8(offset + 11);
  const isValid = centiseconds < 100 && hundreds < 100 && microseconds < 100;
  into.microseconds = isValid ? centiseconds * 10_000 + hundreds * 100 + microseconds : 0;
}

/** The time, or undefined when all its bytes are zero: not specified. */
export function readOptionalTimestamp(cursor: ByteCursor, offset: number): Timestamp | undefined {
  if (cursor.slice(offset, TIMESTAMP_BYTES).every((byte) => byte === 0)) return undefined;
  const time = { seconds: 0, microseconds: 0 };
  readTimestamp(cursor, offset, time);
  return time;
}
