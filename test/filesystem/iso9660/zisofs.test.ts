// zisofs of both versions (corner cases I21): what is decompressed, and what is refused of damaged and hostile files.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PseudoRandom } from '../../../scripts/support/pseudo-random.js';
import type { FileContent } from '../../../src/filesystem/contract/file-content.js';
import { ZisofsContent } from '../../../src/filesystem/iso9660/zisofs/zisofs-content.js';
import { ContentOpener } from '../../../src/image/content-opener.js';
import { FileReader } from '../../../src/image/file-reader.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { extract } from '../../../src/present/extract/extract.js';
import { BlockCache } from '../../../src/codec/block-cache.js';
import { endExtents } from '../../support/fakes/ended-extents.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { needs } from '../../support/needs.js';
import { ALGORITHMS, compress, programsOf } from '../../support/builders/compress.js';
import { openBytes } from '../../support/judges/opened-bytes.js';
import { makeImage, makeZisofs, zf } from '../../support/builders/zisofs-builder.js';
import type { ZisofsSpec } from '../../support/builders/zisofs-builder.js';

const V1: ZisofsSpec = { version: 1, algorithm: 'zlib', blockShift: 15 };
const BLOCK = 32_768;
/** Four and a half blocks of text, zeros in the third. */
const CONTENT = Buffer.concat([
  Buffer.from(Array.from({ length: 20_000 }, (_, i) => String(i)).join(' ')).subarray(0, 2 * BLOCK),
  Buffer.alloc(BLOCK),
  Buffer.alloc(BLOCK + BLOCK / 2, 'the end of it '),
]);

async function openPacked(image: OpenedImage): Promise<FileContent> {
  return new ContentOpener(image.index, image.data).open(await image.index.resolve('packed'));
}

async function readWhole(content: FileContent): Promise<Buffer> {
  const bytes = Buffer.alloc(content.size);
  expect(await content.read(bytes, 0)).toBe(content.size);
  return bytes;
}

async function readBlock(content: FileContent, block: number): Promise<Buffer> {
  const bytes = Buffer.alloc(BLOCK);
  return bytes.subarray(0, await content.read(bytes, block * BLOCK));
}

function codesOf(image: OpenedImage): string[] {
  return image.findings.findings.map(({ code }) => code);
}

describe('I21: zisofs', () => {
  const specs: ZisofsSpec[] = [
    ...[15, 16, 17, 12].map((blockShift) => ({ ...V1, blockShift })),
    ...ALGORITHMS.map((algorithm) => ({ version: 2 as const, algorithm, blockShift: 17 })),
    ...ALGORITHMS.map((algorithm) => ({ version: 2 as const, algorithm, blockShift: 20 })),
  ];
  for (const spec of specs) {
    const { version, algorithm, blockShift } = spec;
    const name = `reads version ${version}, ${algorithm}, blocks of 2^${blockShift}, at random`;
    it(name, needs(...programsOf(algorithm)), async () => {
      await using image = await openBytes(makeImage(makeZisofs(CONTENT, spec), zf(spec, CONTENT.length)));
      const content = await openPacked(image);
      expect((await readWhole(content)).equals(CONTENT)).toBe(true);
      const random = new PseudoRandom(5);
      for (let round = 0; round < 50; round += 1) {
        const position = random.between(0, CONTENT.length + 1000);
        const bytes = Buffer.alloc(random.between(0, 100_000));
        const got = await content.read(bytes, position);
        expect(bytes.subarray(0, got).equals(CONTENT.subarray(position, position + bytes.length))).toBe(true);
      }
      expect(codesOf(image)).toEqual([]);
    });
  }

  it('knows field Z2 of version 2, and the algorithms in small letters', async () => {
    const spec: ZisofsSpec = { version: 2, algorithm: 'zlib', blockShift: 15 };
    const z2 = zf(spec, CONTENT.length, 'Z2');
    z2.write('pz', 4, 'latin1');
    await using image = await openBytes(makeImage(makeZisofs(CONTENT, spec), z2));
    expect((await readWhole(await openPacked(image))).equals(CONTENT)).toBe(true);
  });

  it('shows an empty file as empty', async () => {
    await using image = await openBytes(makeImage(makeZisofs(Buffer.alloc(0), V1), zf(V1, 0)));
    expect(await (await openPacked(image)).read(Buffer.alloc(10), 0)).toBe(0);
  });

  it('reads blocks without bytes as zeros', async () => {
    const zeros = Buffer.alloc(10 * BLOCK + 1);
    const stored = makeZisofs(zeros, V1);
    expect(stored).toHaveLength(16 + 12 * 4);
    await using image = await openBytes(makeImage(stored, zf(V1, zeros.length)));
    const bytes = Buffer.alloc(zeros.length, 'x');
    expect(await (await openPacked(image)).read(bytes, 0)).toBe(zeros.length);
    expect(bytes.equals(zeros)).toBe(true);
  });

  it.each([
    ['behind the end of the file', 0x7fff_ffff, [0, 1]],
    ['before the block before', 0, [0, 1]],
    ['inside of the header', 4, [0, 1]],
    ['so that another block begins too late', 17, [1]],
  ])('fails only the blocks whose pointer lies %s', async (_, pointer, spoilt) => {
    const stored = makeZisofs(CONTENT, V1);
    stored.writeUInt32LE(pointer === 17 ? stored.readUInt32LE(16 + 4) + 17 : pointer, 16 + 4);
    await using image = await openBytes(makeImage(stored, zf(V1, CONTENT.length)));
    const content = await openPacked(image);
    for (const block of spoilt) {
      await expect(readBlock(content, block)).rejects.toMatchObject({ code: 'damaged', errnoNumber: 5 });
    }
    for (const block of [2, 3, 4]) {
      const expected = CONTENT.subarray(block * BLOCK, (block + 1) * BLOCK);
      expect((await readBlock(content, block)).equals(expected)).toBe(true);
    }
  });

  it('fails only the block whose bytes are damaged', async () => {
    const stored = makeZisofs(CONTENT, V1);
    stored.fill(0xff, stored.readUInt32LE(16) + 10, stored.readUInt32LE(16) + 20);
    await using image = await openBytes(makeImage(stored, zf(V1, CONTENT.length)));
    const content = await openPacked(image);
    await expect(readBlock(content, 0)).rejects.toMatchObject({ code: 'damaged' });
    expect((await readBlock(content, 1)).equals(CONTENT.subarray(BLOCK, 2 * BLOCK))).toBe(true);
  });

  it.each([
    ['short', BLOCK - 1],
    ['long', BLOCK + 1],
    ['a bomb', 50_000_000],
  ])('refuses a block that decompresses to something too %s', async (_, length) => {
    const plain = Buffer.alloc(3 * BLOCK, 'x');
    const stored = makeZisofs(plain, V1);
    const start = stored.readUInt32LE(16);
    const packed = compress('zlib', Buffer.alloc(length, 'x'));
    const table = Buffer.from(stored.subarray(0, start));
    [start, start + packed.length, start + packed.length, start + packed.length].forEach((pointer, i) =>
      table.writeUInt32LE(pointer, 16 + 4 * i),
    );
    await using image = await openBytes(makeImage(Buffer.concat([table, packed]), zf(V1, plain.length)));
    const content = await openPacked(image);
    await expect(readBlock(content, 0)).rejects.toMatchObject({ code: 'damaged' });
    expect((await readBlock(content, 1)).every((byte) => byte === 0)).toBe(true);
  });

  it.each([
    ['has another size', (stored: Buffer) => stored.writeUInt32LE(5, 8)],
    ['has another length', (stored: Buffer) => stored.writeUInt8(255, 12)],
    ['has other blocks', (stored: Buffer) => stored.writeUInt8(31, 13)],
    ['is none', (stored: Buffer) => stored.fill(0, 0, 8)],
  ])('believes the field and reports it when the header %s', async (_, change) => {
    const stored = makeZisofs(CONTENT, V1);
    change(stored);
    await using image = await openBytes(makeImage(stored, zf(V1, CONTENT.length)));
    const content = await openPacked(image);
    expect((await readWhole(content)).equals(CONTENT)).toBe(true);
    await readWhole(content);
    expect(codesOf(image)).toEqual(['zisofs-mismatch']);
  });

  it.each([
    ['block size', (use: Buffer) => use.writeUInt8(31, 7)],
    ['block size, small', (use: Buffer) => use.writeUInt8(8, 7)],
    ['algorithm', (use: Buffer) => use.write('??', 4, 'latin1')],
    ['version', (use: Buffer) => use.writeUInt8(3, 3)],
    ['length', (use: Buffer) => use.writeUInt8(12, 2)],
  ])('shows a file as it is stored when its field has an impossible %s', async (name, change) => {
    const stored = makeZisofs(CONTENT, V1);
    const use = zf(V1, CONTENT.length);
    change(use);
    const whole = name === 'length' ? use.subarray(0, 12) : use;
    await using image = await openBytes(makeImage(stored, whole));
    expect((await readWhole(await openPacked(image))).equals(stored)).toBe(true);
    expect(codesOf(image)).toEqual(['unusable-zisofs-field']);
  });

  it('neither allocates nor waits for a file that says that it is enormous', async () => {
    const spec: ZisofsSpec = { version: 2, algorithm: 'xz', blockShift: 17 };
    const size = 2 ** 52;
    await using image = await openBytes(makeImage(makeZisofs(Buffer.alloc(0), spec), zf(spec, size)));
    const content = await openPacked(image);
    expect(content.size).toBe(size);
    for (const position of [0, 1_000_000, size / 2, size - 1]) {
      await expect(content.read(Buffer.alloc(4096), position)).rejects.toMatchObject({ code: 'damaged' });
    }
  });

  it('decompresses a block once for four readers', async () => {
    const stored = makeZisofs(CONTENT, V1);
    const source = new FaultySource(stored);
    const content = new ZisofsContent({
      stored: new FileReader(source, endExtents([{ offset: 0, length: stored.length }]), stored.length),
      size: CONTENT.length,
      parameters: ((1 << 24) | (4 << 8) | 15) >>> 0,
      name: 'file',
      cache: new BlockCache(1_000_000),
      onMismatch: () => undefined,
      sourceName: 'memory',
    });
    await readBlock(content, 0);
    const before = source.reads.length;
    const readers = [0, 1, 2, 3].map((reader) => content.read(Buffer.alloc(4096), BLOCK + reader * 4096));
    await Promise.all(readers);
    expect(source.reads.length - before).toBe(1);
  });

  it('is extracted decompressed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isodrive-zisofs-'));
    try {
      await using image = await openBytes(makeImage(makeZisofs(CONTENT, V1), zf(V1, CONTENT.length)));
      const summary = await extract(image, { rows: [0], directory: join(folder, 'out') });
      expect(summary.failures).toEqual([]);
      expect(readFileSync(join(folder, 'out/packed')).equals(CONTENT)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
