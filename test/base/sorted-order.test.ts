// The order of things by number, held against a sort that is known to be right.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortedOrder } from '../../src/base/sorted-order.js';

describe('sorted order', () => {
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
