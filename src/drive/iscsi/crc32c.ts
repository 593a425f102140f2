// The digest of iSCSI (RFC 7143 13.1): CRC-32C, the Castagnoli polynomial, least significant bit first.

const POLYNOMIAL = 0x82f6_3b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ ((value & 1) * POLYNOMIAL);
  return value >>> 0;
});

/** Digest of the parts, one after another, as the four bytes that are sent. */
export function crc32c(...parts: readonly Uint8Array[]): Buffer {
  let crc = 0xffff_ffff;
  for (const part of parts) {
    for (const byte of part) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]!;
  }
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE((crc ^ 0xffff_ffff) >>> 0);
  return bytes;
}
