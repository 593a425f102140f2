// Descriptors that come with messages: named, taken or closed, never left open.
import { describe, expect, it } from 'vitest';
import { DescriptorQueue } from '../../../daemon/users/received-descriptors.js';
import { MAX_PASSED, MAX_PASSED_BESIDE } from '../../../src/protocol/messages.js';
import { MAX_IMAGE_FILES } from '../../../src/source/image-files.js';

describe('Descriptors of a connection', () => {
  interface Opened {
    readonly queue: DescriptorQueue;
    readonly closed: number[];
    readonly counts: { received: number; given: number };
  }
  const open = (): Opened => {
    const closed: number[] = [];
    const counts = { received: 0, given: 0 };
    const queue = new DescriptorQueue({
      receive: (count) => (counts.received += count),
      giveAway: (count) => (counts.given += count),
      close: (descriptors) => closed.push(...descriptors),
    });
    return { queue, closed, counts };
  };

  it('belong to the messages that name them, in their order', () => {
    const { queue, closed, counts } = open();
    queue.push([10, 11], false);
    queue.push([12], false);
    const first = queue.claim({ descriptors: ['directory', 'image'] });
    const second = queue.claim({ descriptors: ['map'] });
    expect([first.get('image'), first.get('directory'), second.get('map')]).toEqual([11, 10, 12]);
    expect(first.take('image')).toBe(11);
    expect(first.take('image')).toBeUndefined();
    first[Symbol.dispose]();
    second[Symbol.dispose]();
    expect(closed).toEqual([10, 12]);
    expect(counts).toEqual({ received: 3, given: 1 });
  });

  it('are those of the files beside an image behind all others, by their names', () => {
    const { queue, closed, counts } = open();
    queue.push([10, 11, 12, 13, 14], false);
    const taken = queue.claim({ descriptors: ['image', 'directory'], beside: ['b.002', 'b.003'] });
    const both = [
      { name: 'b.002', descriptor: 12 },
      { name: 'b.003', descriptor: 13 },
    ];
    expect([taken.get('image'), taken.beside]).toEqual([10, both]);
    const left = queue.claim({ descriptors: ['map'], beside: [] });
    expect([left.get('map'), left.beside]).toEqual([14, []]);
    expect(taken.takeBeside()).toEqual(both);
    expect(taken.takeBeside()).toEqual([]);
    taken[Symbol.dispose]();
    expect(closed).toEqual([10, 11]);
    expect(counts).toEqual({ received: 5, given: 2 });
    queue.push([20, 21], false);
    queue.claim({ descriptors: ['image'], beside: ['c'] })[Symbol.dispose]();
    expect(closed.slice(2)).toEqual([20, 21]);
  });

  it('are closed when no message names them', () => {
    const { queue, closed } = open();
    queue.push([10], false);
    queue.claim(undefined)[Symbol.dispose]();
    expect(closed).toEqual([]);
    queue[Symbol.dispose]();
    expect(closed).toEqual([10]);
  });

  it('are at most those of all files of an image, its mount point and its map', () => {
    expect([MAX_PASSED_BESIDE, MAX_PASSED]).toEqual([MAX_IMAGE_FILES - 1, MAX_IMAGE_FILES + 2]);
    const { queue, closed } = open();
    const all = Array.from({ length: MAX_PASSED }, (_, i) => i);
    queue.push(all, false);
    expect(() => queue.push([1000], false)).toThrow(/Found 103 descriptors, expected at most 102/);
    queue[Symbol.dispose]();
    expect(closed).toEqual([...all, 1000]);
    expect(() => queue.push([5], true)).toThrow(/or more/);
  });

  it.each([
    [{ descriptors: ['image', 'map'] }],
    [{ descriptors: [], beside: ['a', 'b'] }],
    [{ descriptors: ['image'], beside: ['a'] }],
  ])('cannot be named when they are more than there are, as by %j', (params) => {
    const { queue } = open();
    queue.push([1], false);
    expect(() => queue.claim(params)).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
  });

  it.each([
    [{ descriptors: ['image', 'image'] }],
    [{ descriptors: 'image' }],
    [{ descriptors: ['x'] }],
    [{ descriptors: ['image'], beside: 'x' }],
    [{ descriptors: ['image'], beside: [5] }],
    [{ descriptors: ['image'], beside: Array.from({ length: 100 }, (_, i) => `${i}`) }],
    [null],
    [5],
  ])('are named by nothing like %j', (params) => {
    const { queue } = open();
    queue.push([1], false);
    const taken = queue.claim(params);
    expect([taken.get('image'), taken.beside]).toEqual([undefined, []]);
  });
});
