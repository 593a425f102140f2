// The digest: the examples of the standard, and that the processor's way and the tables' are one.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tryToLoadAddon } from '../../../src/io/load-addon.js';
import { chooseDigest, crc32cByTables } from '../../../src/drive/iscsi/crc32c.js';
import { patternedBytes } from '../../support/fakes/drive.js';

const native = tryToLoadAddon()?.crc32c;
const BYTES = patternedBytes(8192);
/** READ (10) as a PDU. */
const READ = Buffer.from(
  '01c00000000000000000000000000000140000000000040000000014000000182800000000000000' + '0200000000000000',
  'hex',
);

/** The polynomial itself, a bit at a time. */
function byBits(bytes: Uint8Array): number {
  let value = 0xffff_ffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ ((value & 1) * 0x82f6_3b78);
  }
  return ~value >>> 0;
}

describe('The digest', () => {
  it.each([
    ['32 zeros', Buffer.alloc(32), 'aa36918a'],
    ['32 bytes of ones', Buffer.alloc(32, 0xff), '43aba862'],
    ['32 bytes that rise', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), '4e79dd46'],
    ['32 bytes that fall', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), '5cdb3f11'],
    ['a PDU that reads', READ, '563a96d9'],
  ])('of %s is that of RFC 7143 Appendix A.4', (_, bytes, digest) => {
    expect(chooseDigest()(bytes).toString('hex')).toBe(digest);
    const number = Buffer.from(digest, 'hex').readUInt32LE(0);
    expect(crc32cByTables(0, bytes)).toBe(number);
    if (native !== undefined) expect(native(0, bytes)).toBe(number);
  });

  it('is the same by tables, by the addon and in parts, for any bytes anywhere', () => {
    const place = fc.nat(BYTES.length);
    fc.assert(
      fc.property(place, place, place, (...places) => {
        const [start, middle, end] = places.sort((a, b) => a - b);
        const [first, second] = [BYTES.subarray(start, middle), BYTES.subarray(middle, end)];
        const whole = byBits(BYTES.subarray(start, end));
        expect(crc32cByTables(crc32cByTables(0, first), second)).toBe(whole);
        expect(chooseDigest()(first, second).readUInt32LE(0)).toBe(whole);
        if (native !== undefined) expect(native(native(0, first), second)).toBe(whole);
      }),
      { numRuns: 200 },
    );
  });
});
