// The checksum of descriptors, against the definition bit by bit.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crcOf } from '../../src/base/crc16.js';

/** x^16 + x^12 + x^5 + 1, start value 0. */
function divide(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const isOdd = ((crc >>> 15) ^ (byte >>> bit)) & 1;
      crc = ((crc << 1) & 0xffff) ^ (isOdd === 1 ? 0x1021 : 0);
    }
  }
  return crc;
}

it('the checksum is that of the example in ECMA-167 3/7.2.6', () => {
  expect(crcOf(Uint8Array.of(0x70, 0x6a, 0x77))).toBe(0x3299);
});

it('the checksum of any part of any bytes is the remainder of their division', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(64), fc.nat(64), (bytes, a, b) => {
      const [start, end] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)];
      expect(crcOf(bytes, start, end)).toBe(divide(bytes.subarray(start, end)));
    }),
  );
});
