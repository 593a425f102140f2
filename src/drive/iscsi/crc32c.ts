// The digest of iSCSI (RFC 7143 13.1): CRC-32C, the Castagnoli polynomial, least significant bit first. By the addon,
// which uses the processor's own instruction, or by tables where there is none.
import { tryToLoadAddon } from '../../io/load-addon.js';

/** Digest of the parts, one after another, as the four bytes that are sent. */
export type Digest = (...parts: readonly Uint8Array[]) => Buffer;
/** CRC-32C of all bytes so far: `crc` is that of those before, 0 of none. */
export type Crc32c = (crc: number, bytes: Uint8Array) => number;

const POLYNOMIAL = 0x82f6_3b78;
/** Bytes that the tables take at a step. */
const STEP = 8;
/** Bytes below which a call of the addon costs more than the tables do. */
const MIN_NATIVE = 256;

/** Entry 256 * i + byte: what the byte makes of the register when i bytes come behind it. */
const TABLES = buildTables();

function buildTables(): Uint32Array {
  const tables = new Uint32Array(256 * STEP);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ ((value & 1) * POLYNOMIAL);
    tables[byte] = value;
  }
  for (let i = 256; i < tables.length; i += 1) {
    const before = tables[i - 256]!;
    tables[i] = (before >>> 8) ^ tables[before & 0xff]!;
  }
  return tables;
}

export const crc32cByTables: Crc32c = (crc, bytes) => {
  const tables = TABLES;
  let value = ~crc;
  let at = 0;
  for (const end = bytes.length - STEP; at <= end; at += STEP) {
    value ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    value =
      tables[0x700 | (value & 0xff)]! ^
      tables[0x600 | ((value >>> 8) & 0xff)]! ^
      tables[0x500 | ((value >>> 16) & 0xff)]! ^
      tables[0x400 | (value >>> 24)]! ^
      tables[0x300 | bytes[at + 4]!]! ^
      tables[0x200 | bytes[at + 5]!]! ^
      tables[0x100 | bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at += 1) value = (value >>> 8) ^ tables[(value ^ bytes[at]!) & 0xff]!;
  return ~value >>> 0;
};

/** The faster way for each length that this machine has. */
export function chooseDigest(): Digest {
  const native = tryToLoadAddon()?.crc32c;
  const update: Crc32c = (crc, bytes) =>
    native === undefined || bytes.length < MIN_NATIVE ? crc32cByTables(crc, bytes) : native(crc, bytes);
  return (...parts) => {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32LE(parts.reduce(update, 0));
    return bytes;
  };
}
