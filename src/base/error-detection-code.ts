// The error detection code of CD-ROM sectors (ECMA-130 14.3).

/** (x^16 + x^15 + x^2 + 1)(x^16 + x^2 + x + 1), least significant bit first. */
const POLYNOMIAL = 0xd801_8001;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ ((value & 1) * POLYNOMIAL);
  return value >>> 0;
});

/** Error detection code over `bytes`. */
export function errorDetectionCode(bytes: Uint8Array): number {
  let code = 0;
  for (const byte of bytes) code = (code >>> 8) ^ TABLE[(code ^ byte) & 0xff]!;
  return code >>> 0;
}
