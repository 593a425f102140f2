// The cache of decoded blocks.
import { describe, expect, it } from 'vitest';
import { BlockCache } from '../../src/codec/block-cache.js';

describe('BlockCache', () => {
  it('makes a block once for all who want it at the same time', async () => {
    const cache = new BlockCache(1000);
    let made = 0;
    const make = async (): Promise<Uint8Array> => {
      made += 1;
      await new Promise(setImmediate);
      return Uint8Array.of(made);
    };
    const blocks = await Promise.all([1, 2, 3, 4].map(() => cache.get('a', make)));
    expect(blocks.map(([byte]) => byte)).toEqual([1, 1, 1, 1]);
    expect(await cache.get('a', make)).toEqual(Uint8Array.of(1));
    expect(made).toBe(1);
  });

  it('keeps within its budget of bytes and drops what was used longest ago', async () => {
    const cache = new BlockCache(100);
    const made: string[] = [];
    const get = (name: string): Promise<Uint8Array> =>
      cache.get(name, () => {
        made.push(name);
        return Promise.resolve(new Uint8Array(40));
      });
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await get(name);
    expect(made).toEqual(['a', 'b', 'c', 'b']);
  });

  it('lets one reader stop waiting without stopping the others', async () => {
    const cache = new BlockCache(100);
    const controller = new AbortController();
    let finish: (bytes: Uint8Array) => void = () => undefined;
    const make = (): Promise<Uint8Array> =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const impatient = cache.get('a', make, controller.signal);
    const patient = cache.get('a', make);
    controller.abort();
    await expect(impatient).rejects.toMatchObject({ code: 'cancelled' });
    finish(Uint8Array.of(9));
    expect(await patient).toEqual(Uint8Array.of(9));
  });

  it('tries again after a fault', async () => {
    const cache = new BlockCache(100);
    await expect(cache.get('a', () => Promise.reject(new Error('first')))).rejects.toThrow('first');
    expect(await cache.get('a', () => Promise.resolve(Uint8Array.of(1)))).toEqual(Uint8Array.of(1));
  });
});
