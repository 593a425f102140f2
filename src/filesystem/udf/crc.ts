// The checksum of every UDF descriptor: CRC of ITU-T V.41 (x^16 + x^12 + x^5 + 1), start value 0 (ECMA-167 3/7.2.6).

const POLYNOMIAL = 0x1021;
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 8;
  for (let bit = 0; bit < 8; bit += 1)
    value = ((value << 1) ^ ((value & 0x8000) === 0 ? 0 : POLYNOMIAL)) & 0xffff;
  return value;
});

export function crcOf(bytes: Uint8Array): number {
  let crc = 0;
  const end = bytes.length;
  for (let i = 0; i < end; i += 1) crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ bytes[i]!]!;
  return crc;
}
