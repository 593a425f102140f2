// Plain sectors: what native code is told about them, and that reads reach the source.
import { describe, expect, it } from 'vitest';
import { PlainSectorReader } from '../../src/disc/sector-reader.js';
import { CachedSource } from '../../src/source/cached-source.js';
import { FaultySource } from '../support/faulty-source.js';

describe('a plain sector reader', () => {
  it('says how native code finds the sectors in a descriptor', () => {
    const source = Object.assign(new FaultySource(Buffer.alloc(4096)), { fileDescriptor: 7 });
    expect(new PlainSectorReader(source).layout).toEqual({
      fileDescriptor: 7,
      offset: 0,
      stride: 2048,
      skip: 0,
    });
    expect(new PlainSectorReader(new FaultySource(Buffer.alloc(4096))).layout).toBeUndefined();
  });

  it('peeks where its source can, and only there', async () => {
    const bytes = Buffer.alloc(4096, 9);
    await using cache = new CachedSource(new FaultySource(bytes));
    const reader = new PlainSectorReader(cache);
    await reader.read(Buffer.alloc(1), 0);
    expect(reader.peek(2048, 4)).toEqual(Uint8Array.of(9, 9, 9, 9));
    expect(new PlainSectorReader(new FaultySource(bytes)).peek(0, 1)).toBeUndefined();
  });
});
