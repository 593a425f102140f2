// Descriptors that come with messages: named, taken or closed, never left open.
import { describe, expect, it } from 'vitest';
import { DescriptorQueue } from '../../../daemon/users/received-descriptors.js';

describe('Descriptors of a connection', () => {
  const open = (): { queue: DescriptorQueue; closed: number[] } => {
    const closed: number[] = [];
    return { queue: new DescriptorQueue((descriptors) => closed.push(...descriptors)), closed };
  };

  it('belong to the messages that name them, in their order', () => {
    const { queue, closed } = open();
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
  });

  it('are closed when no message names them', () => {
    const { queue, closed } = open();
    queue.push([10], false);
    queue.claim(undefined)[Symbol.dispose]();
    expect(closed).toEqual([]);
    queue[Symbol.dispose]();
    expect(closed).toEqual([10]);
  });

  it('are three at most', () => {
    const { queue, closed } = open();
    queue.push([1, 2, 3], false);
    expect(() => queue.push([4], false)).toThrow(/Found 4 descriptors, expected at most 3/);
    queue[Symbol.dispose]();
    expect(closed).toEqual([1, 2, 3, 4]);
    expect(() => queue.push([5], true)).toThrow(/or more/);
  });

  it.each([['more than there are', { descriptors: ['image', 'map'] }]])(
    'cannot be named when they are %s',
    (_, params) => {
      const { queue } = open();
      queue.push([1], false);
      expect(() => queue.claim(params)).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    },
  );

  it.each([
    [{ descriptors: ['image', 'image'] }],
    [{ descriptors: 'image' }],
    [{ descriptors: ['x'] }],
    [null],
    [5],
  ])('are named by nothing like %j', (params) => {
    const { queue } = open();
    queue.push([1], false);
    expect(queue.claim(params).get('image')).toBeUndefined();
  });
});
