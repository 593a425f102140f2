// Check codes of FLAC (RFC 9639 9.1.8 and 9.3): x^8 + x^2 + x + 1 of a header, x^16 + x^15 + x^2 + 1 of a frame.
import { makeTable } from './crc-table.js';

let eight: Uint16Array | undefined;
let sixteen: Uint16Array | undefined;

export function flacCrc8(bytes: Uint8Array, start: number, end: number): number {
  const table = (eight ??= makeTable(8, 0x07));
  let crc = 0;
  for (let at = start; at < end; at += 1) crc = table[crc ^ bytes[at]!]!;
  return crc;
}

export function flacCrc16(bytes: Uint8Array, start: number, end: number): number {
  const table = (sixteen ??= makeTable(16, 0x8005));
  let crc = 0;
  for (let at = start; at < end; at += 1) crc = ((crc << 8) & 0xffff) ^ table[(crc >> 8) ^ bytes[at]!]!;
  return crc;
}
