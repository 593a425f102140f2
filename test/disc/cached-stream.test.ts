// The cache: what it reads, what it keeps, and what a bad sector costs.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CACHE_BLOCK, CachedStream } from '../../src/disc/cached-stream.js';
import { PlanStream } from '../../src/disc/plan-stream.js';
import { WindowSource } from '../../src/image/window-source.js';
import { runSegment } from '../../src/disc/read-plan.js';
import { FaultySource } from '../support/fakes/faulty-source.js';

const CONTENT = Buffer.from(
  Uint32Array.from({ length: (10 * CACHE_BLOCK) / 4 + 25 }, (_, i) => i * 7).buffer,
);

async function readBytes(
  source: Pick<CachedStream, 'read'>,
  position: number,
  length: number,
): Promise<Buffer> {
  const target = Buffer.alloc(length);
  return target.subarray(0, await source.read(target, position));
}

describe('a cached source', () => {
  it('gives the bytes of its inner source at every place and length', async () => {
    await using source = new CachedStream(new FaultySource(CONTENT), 3 * CACHE_BLOCK);
    await fc.assert(
      fc.asyncProperty(fc.nat(CONTENT.length + 10), fc.nat(3 * CACHE_BLOCK), async (position, length) => {
        const got = await readBytes(source, position, length);
        expect(got.equals(CONTENT.subarray(position, position + length))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('gives the bytes beside those that the image does not hold', async () => {
    const held = {
      kind: 'bytes',
      start: 0,
      length: 2048,
      base: 0,
      offset: 0,
      unit: 2048,
      stride: 2048,
    } as const;
    const absent = { kind: 'absent', start: 2048, length: CACHE_BLOCK } as const;
    const inner = new PlanStream('disc', [held, absent], [new FaultySource(CONTENT)]);
    await using source = new CachedStream(inner);
    expect((await readBytes(source, 0, 2048)).equals(CONTENT.subarray(0, 2048))).toBe(true);
    await expect(readBytes(source, 2000, 100)).rejects.toThrow('the image does not hold it');
    expect((await readBytes(new WindowSource(inner), 0, 2048)).equals(CONTENT.subarray(0, 2048))).toBe(true);
  });

  it('reads a block once for readers at the same time, and not again after', async () => {
    const inner = new FaultySource(CONTENT);
    await using source = new CachedStream(inner);
    await Promise.all([readBytes(source, 0, 10), readBytes(source, 100, 10), readBytes(source, 5000, 10)]);
    await readBytes(source, 200, 10);
    expect(inner.reads).toEqual([[0, CACHE_BLOCK]]);
  });

  it('reads nothing that its inner source has in memory, and what lies beside it once', async () => {
    const inner = new FaultySource(CONTENT);
    inner.inMemory = [1000, 3000];
    await using source = new CachedStream(inner);
    expect(source.peek(1000, 100)).toEqual(new Uint8Array(CONTENT.subarray(1000, 1100)));
    expect(await readBytes(source, 1500, 1500)).toEqual(CONTENT.subarray(1500, 3000));
    expect(inner.reads).toEqual([]);
    expect(source.peek(2950, 100)).toBeUndefined();
    expect(await readBytes(source, 2950, 100)).toEqual(CONTENT.subarray(2950, 3050));
    expect(inner.reads).toEqual([[0, CACHE_BLOCK]]);
  });

  it('keeps no more blocks than its budget allows', async () => {
    await using source = new CachedStream(new FaultySource(CONTENT), 2 * CACHE_BLOCK);
    for (let block = 0; block < 10; block += 1) await readBytes(source, block * CACHE_BLOCK, 1);
    await new Promise(setImmediate);
    expect(source.cachedBytes).toBe(2 * CACHE_BLOCK);
    source.clear();
    expect(source.cachedBytes).toBe(0);
  });

  it('reads ahead, with fewer and larger reads, when it is read in order', async () => {
    const inner = new FaultySource(CONTENT);
    await using source = new CachedStream(inner);
    for (let position = 0; position < CONTENT.length; position += 2048)
      await readBytes(source, position, 2048);
    expect(inner.reads.length).toBeLessThanOrEqual(5);
    expect(Math.max(...inner.reads.map(([, length]) => length))).toBe(4 * CACHE_BLOCK);
  });

  it('does not read ahead when it is read here and there', async () => {
    const inner = new FaultySource(CONTENT);
    await using source = new CachedStream(inner);
    for (const block of [5, 2, 8, 0]) await readBytes(source, block * CACHE_BLOCK + 9, 9);
    await new Promise(setImmediate);
    expect(inner.reads.map(([, length]) => length)).toEqual(Array(4).fill(CACHE_BLOCK));
  });

  it('peeks at cached bytes only, without reading', async () => {
    const inner = new FaultySource(CONTENT);
    await using source = new CachedStream(inner);
    expect(source.peek(0, 10)).toBeUndefined();
    await readBytes(source, 0, 1);
    expect(Buffer.from(source.peek(100, 10)!).equals(CONTENT.subarray(100, 110))).toBe(true);
    expect(source.peek(CACHE_BLOCK - 5, 10)).toBeUndefined();
    expect(inner.reads).toHaveLength(1);
  });

  it('lets a bad sector spoil only the reads that need it', async () => {
    const inner = new FaultySource(CONTENT);
    inner.bad = [4096, 6144];
    await using source = new CachedStream(inner);
    expect((await readBytes(source, 0, 4096)).equals(CONTENT.subarray(0, 4096))).toBe(true);
    expect((await readBytes(source, 6144, 2048)).equals(CONTENT.subarray(6144, 8192))).toBe(true);
    await expect(readBytes(source, 4000, 200)).rejects.toMatchObject({ code: 'image-unreadable' });
  });

  it('gives what the image holds beside bytes that it does not hold', async () => {
    const gap = { kind: 'absent', start: 0, length: 3000 } as const;
    const stored = runSegment(3000, CONTENT.length, 0, 0);
    await using source = new CachedStream(new PlanStream('x', [gap, stored], [new FaultySource(CONTENT)]));
    expect((await readBytes(source, 3000, 500)).equals(CONTENT.subarray(0, 500))).toBe(true);
    await expect(readBytes(source, 2999, 2)).rejects.toMatchObject({ code: 'damaged' });
  });

  it('works again when a fault was only for a time', async () => {
    const inner = new FaultySource(CONTENT);
    inner.bad = [0, CONTENT.length];
    await using source = new CachedStream(inner);
    await expect(readBytes(source, 0, 10)).rejects.toMatchObject({ code: 'image-unreadable' });
    inner.bad = [0, 0];
    expect((await readBytes(source, 0, 10)).equals(CONTENT.subarray(0, 10))).toBe(true);
  });

  it('lets one waiter go on abort while the read goes on for the others', async () => {
    const inner = new FaultySource(CONTENT);
    await using source = new CachedStream(inner);
    const abort = new AbortController();
    const quits = source.read(Buffer.alloc(10), 0, abort.signal);
    const stays = readBytes(source, 0, 10);
    abort.abort();
    await expect(quits).rejects.toMatchObject({ code: 'cancelled' });
    expect((await stays).equals(CONTENT.subarray(0, 10))).toBe(true);
    expect(inner.reads).toHaveLength(1);
  });

  it('waits for reads under way when it is closed', async () => {
    const inner = new FaultySource(CONTENT);
    const source = new CachedStream(inner);
    const pending = readBytes(source, 0, 10);
    let hasRead = false;
    void pending.then(() => (hasRead = true));
    await source[Symbol.asyncDispose]();
    await new Promise(setImmediate);
    expect(hasRead).toBe(true);
  });
});
