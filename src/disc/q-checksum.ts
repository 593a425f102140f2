// The check of a block of the Q sub-channel (ECMA-130 22.3.6).
import { crcOf } from '../base/crc16.js';

/** Bytes of Q: control, ten of data, CRC. */
export const Q_LENGTH = 12;
export const Q_CRC_OFFSET = 10;

/** The CRC that belongs to a block of Q. */
export function qChecksum(q: Uint8Array): number {
  return crcOf(q, 0, Q_CRC_OFFSET) ^ 0xffff;
}
