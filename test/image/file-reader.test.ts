// Files of several extents and holes, read at every position.
import { describe, expect, it } from 'vitest';
import { STREAM } from '../../src/disc/read-plan.js';
import { IndexTable } from '../../src/index/index-table.js';
import { PlainIndexMemory } from '../../src/index/index-memory.js';
import { FileReader } from '../../src/image/file-reader.js';
import type { ByteSource } from '../../src/source/byte-source.js';
import { endExtents } from '../support/fakes/ended-extents.js';

const image = Buffer.from(Array.from({ length: 64 }, (_, i) => i));
const source: ByteSource = {
  name: 'test.iso',
  size: image.length,
  read: (target, position) => Promise.resolve(image.copy(target, 0, position)),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
const extents = endExtents([
  { offset: 10, length: 4 },
  { offset: undefined, length: 3 },
  { offset: 40, length: 5 },
]);
const content = Buffer.concat([image.subarray(10, 14), Buffer.alloc(3), image.subarray(40, 45)]);

describe('a file of several extents and a hole', () => {
  it('reads the same at every position and length', async () => {
    const reader = new FileReader(source, extents, content.length);
    for (let position = 0; position <= content.length; position += 1) {
      for (let length = 0; length <= content.length + 2; length += 1) {
        const target = Buffer.alloc(length, 0xee);
        const got = await reader.read(target, position);
        expect(target.subarray(0, got)).toEqual(content.subarray(position, position + length));
      }
    }
  });

  it('reads each extent from its own stream', async () => {
    const raw: ByteSource = { ...source, read: (target) => Promise.resolve(target.fill(0xaa).length) };
    const index = { streams: new Map([[STREAM.raw, raw]]), table: new IndexTable(new PlainIndexMemory()) };
    const mixed = endExtents([
      { offset: 10, length: 4 },
      { stream: STREAM.raw, offset: 10, length: 3 },
    ]);
    const target = Buffer.alloc(7);
    expect(await new FileReader(source, mixed, 7, index).read(target, 0)).toBe(7);
    expect([...target]).toEqual([10, 11, 12, 13, 0xaa, 0xaa, 0xaa]);
  });

  it('says where the image ends when the file goes on beyond it', async () => {
    const reader = new FileReader(source, endExtents([{ offset: 60, length: 10 }]), 10);
    await expect(reader.read(Buffer.alloc(10), 0)).rejects.toThrow(
      'Cannot read byte 64 of "test.iso": image ends at byte 64, expected it to hold the whole file',
    );
    expect(await reader.read(Buffer.alloc(4), 0)).toBe(4);
  });

  it('finds its place among a quarter of a million extents without passing them all', async () => {
    const many = endExtents(Array.from({ length: 262_144 }, (_, i) => ({ offset: i % 64, length: 1 })));
    const reader = new FileReader(source, many, many.length);
    const target = Buffer.alloc(2);
    // From the first extent each time, these would be 26 billion looks.
    for (let i = 0; i < 200_000; i += 1) await reader.read(target, many.length - 2);
    expect([...target]).toEqual([62, 63]);
  });
});
