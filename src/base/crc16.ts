// CRC of ITU-T V.41 (x^16 + x^12 + x^5 + 1), start value 0: of every UDF descriptor (ECMA-167 3/7.2.6), and inverted of
// subchannel Q and of packs of CD-TEXT (ECMA-130 22.3.6).
// Eight bytes a step, by a table for each of them: listing a tree checks every descriptor of it.

const POLYNOMIAL = 0x1021;
const STEP = 8;
/** Entry `256 * n + b`: what byte b does to the checksum with n bytes behind it. Made when it is first asked for. */
let made: Uint16Array | undefined;

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

/** The checksum of the bytes from `start` on, up to `end`. */
export function crcOf(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const table = (made ??= buildTable());
  let crc = 0;
  let at = start;
  for (; at + STEP <= end; at += STEP) {
    crc =
      table[0x700 + (bytes[at]! ^ (crc >>> 8))]! ^
      table[0x600 + (bytes[at + 1]! ^ (crc & 0xff))]! ^
      table[0x500 + bytes[at + 2]!]! ^
      table[0x400 + bytes[at + 3]!]! ^
      table[0x300 + bytes[at + 4]!]! ^
      table[0x200 + bytes[at + 5]!]! ^
      table[0x100 + bytes[at + 6]!]! ^
      table[bytes[at + 7]!]!;
  }
  for (; at < end; at += 1) crc = ((crc << 8) & 0xffff) ^ table[(crc >>> 8) ^ bytes[at]!]!;
  return crc;
}
