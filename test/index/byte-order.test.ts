// The order of names, held against memcmp and a sort that is known to be right.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, sortedOrder } from '../../src/index/byte-order.js';

describe('byte order', () => {
  it('orders names as memcmp does, the shorter first among equal beginnings', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ maxLength: 12 }), (a, b) => {
        expect(Math.sign(compareBytes(a, 0, a.length, b, 0, b.length))).toBe(Buffer.compare(a, b));
      }),
    );
  });

  it('sorts stably, as a sort of pairs does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 200 }), (values) => {
        const order = sortedOrder(values.length, (a, b) => values[a]! - values[b]!);
        const expected = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);
        expect([...order]).toEqual(expected);
      }),
    );
  });
});
