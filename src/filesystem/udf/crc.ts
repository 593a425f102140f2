// The checksum of every UDF descriptor: CRC of ITU-T V.41 (x^16 + x^12 + x^5 + 1), start value 0 (ECMA-167 3/7.2.6).
// Eight bytes a step, by a table for each of them: listing a tree checks every descriptor of it.
import { ByteCursor } from '../../base/byte-cursor.js';

const POLYNOMIAL = 0x1021;
const STEP = 8;
/** Entry `256 * n + b`: what byte b does to the checksum with n bytes behind it. */
const TABLE = buildTable();

function buildTable(): Uint16Array {
  const table = new Uint16Array(256 * STEP);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte << 8;
    for (let bit = 0; bit < 8 * STEP; bit += 1) {
      value = ((value << 1) ^ ((value & 0x8000) === 0 ? 0 : POLYNOMIAL)) & 0xffff;
      if (bit % 8 === 7) table[256 * (bit >> 3) + byte] = value;
    }
  }
  return table;
}

export function crcOf(bytes: Uint8Array): number {
  return crcOfField(new ByteCursor(bytes, '', 0), 0, bytes.length);
}

/** The checksum of `length` bytes of the cursor's window. Throws `damaged` when they do not lie in it. */
export function crcOfField(cursor: ByteCursor, offset: number, length: number): number {
  let crc = 0;
  let at = offset;
  for (const end = offset + length - STEP; at <= end; at += STEP) {
    const high = cursor.u32be(at) ^ (crc << 16);
    const low = cursor.u32be(at + 4);
    crc =
      TABLE[0x700 + (high >>> 24)]! ^
      TABLE[0x600 + ((high >>> 16) & 0xff)]! ^
      TABLE[0x500 + ((high >>> 8) & 0xff)]! ^
      TABLE[0x400 + (high & 0xff)]! ^
      TABLE[0x300 + (low >>> 24)]! ^
      TABLE[0x200 + ((low >>> 16) & 0xff)]! ^
      TABLE[0x100 + ((low >>> 8) & 0xff)]! ^
      TABLE[low & 0xff]!;
  }
  for (const end = offset + length; at < end; at += 1) {
    crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ cursor.u8(at)]!;
  }
  return crc;
}
