// The order of names, held against memcmp.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/index/byte-order.js';

describe('byte order', () => {
  it('orders names as memcmp does, the shorter first among equal beginnings', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ maxLength: 12 }), (a, b) => {
        expect(Math.sign(compareBytes(a, 0, a.length, b, 0, b.length))).toBe(Buffer.compare(a, b));
      }),
    );
  });
});
