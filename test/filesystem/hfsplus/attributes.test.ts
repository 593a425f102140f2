// What HFS+ keeps in its attributes file: extended attributes, and the content of files that Mac OS compressed. Links
// to folders, which came with the same version of Mac OS, are here too.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import { SPARE_LOOKUPS } from '../../../src/filesystem/hfs/lookup-budget.js';
import { MAX_RESOURCE_BYTES } from '../../../src/filesystem/hfs/mac-attributes.js';
import { MAX_FILE_ATTRIBUTES } from '../../../src/filesystem/hfsplus/attribute-tree.js';
import { MAX_ATTRIBUTE_CONTENT } from '../../../src/filesystem/hfsplus/decmpfs-scheme.js';
import { MAX_OVERHEAD } from '../../../src/filesystem/hfsplus/decmpfs-content.js';
import { MAX_ATTRIBUTE_NAME_BYTES } from '../../../src/filesystem/hfsplus/extra-attributes.js';
import { ContentOpener } from '../../../src/image/content-opener.js';
import { readAttributes } from '../../../src/index/node-record.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { readFileContent } from '../../support/judges/file-content.js';
import { ROOT, buildHfsPlus } from '../../support/builders/hfsplus-builder.js';
import type { CatalogEntry } from '../../support/builders/hfsplus-builder.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';
import { needs } from '../../support/needs.js';

const FILE = 0o100644;
const COMPRESSED = 0x20;
const BLOCK = 65_536;

function text(size: number, seed = 1): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >> 7) + seed * 7) & 0xff));
}

async function attributesOf(image: OpenedImage, path: string): Promise<Map<string, Buffer>> {
  const found = readAttributes(image.index.table, await image.index.resolve(path));
  return new Map([...found].map(([name, value]) => [name, Buffer.from(value)]));
}

function header(type: number, size: number | bigint): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.write('fpmc', 'latin1');
  bytes.writeUInt32LE(type, 4);
  bytes.writeBigUInt64LE(BigInt(size), 8);
  return bytes;
}

/** The resource fork of a compressed file: its header, the table, and the blocks. */
function compressFork(data: Buffer, store = false): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < data.length; at += BLOCK) {
    const part = data.subarray(at, at + BLOCK);
    blocks.push(store ? Buffer.concat([Buffer.of(0xff), part]) : deflateSync(part));
  }
  const table = Buffer.alloc(4 + 8 * blocks.length);
  table.writeUInt32LE(blocks.length, 0);
  let at = table.length;
  blocks.forEach((block, i) => {
    table.writeUInt32LE(at, 4 + 8 * i);
    table.writeUInt32LE(block.length, 8 + 8 * i);
    at += block.length;
  });
  // Where data and map start, and the bytes of each: 7-Zip wants the map that Mac OS writes, which nobody needs.
  const map = Buffer.alloc(50);
  [28, map.length, 0, 0x636d, 0x7066, 0, 10, 1, 0xffff].forEach((value, i) =>
    map.writeUInt16BE(value, 24 + 2 * i),
  );
  const head = Buffer.alloc(256);
  [256, 256 + 4 + at, 4 + at, map.length].forEach((value, i) => head.writeUInt32BE(value, 4 * i));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(at, 0);
  return Buffer.concat([head, length, table, ...blocks, map]);
}

function compressed(id: number, name: string, value: Buffer, resources?: Buffer): CatalogEntry {
  const attributes = { 'com.apple.decmpfs': value };
  const entry = { parent: ROOT, id, name, mode: FILE, ownerFlags: COMPRESSED, attributes };
  return resources === undefined ? entry : { ...entry, resources };
}

const CONTENT = text(200_000, 3);
const SMALL = Buffer.from('small content '.repeat(40));
const COMPRESSED_FILES: readonly CatalogEntry[] = [
  compressed(30, 'in the attribute', Buffer.concat([header(3, SMALL.length), deflateSync(SMALL)])),
  compressed(
    31,
    'stored in the attribute',
    Buffer.concat([header(3, 100), Buffer.of(0xff), SMALL.subarray(0, 100)]),
  ),
  compressed(32, 'in the fork', header(4, CONTENT.length), compressFork(CONTENT)),
  compressed(33, 'stored in the fork', header(4, CONTENT.length), compressFork(CONTENT, true)),
  compressed(34, 'plain in the attribute', Buffer.concat([header(1, 50), SMALL.subarray(0, 50)])),
  compressed(35, 'empty', header(3, 0)),
];

/** A fork that starts with the place of each block: as LZVN and LZFSE have it. */
function storeInFork(mark: number, data: Buffer): Buffer {
  const parts = Array.from({ length: Math.ceil(data.length / BLOCK) }, (_, i) =>
    Buffer.concat([Buffer.of(mark), data.subarray(i * BLOCK, (i + 1) * BLOCK)]),
  );
  const table = Buffer.alloc(4 * (parts.length + 1));
  let at = table.length;
  parts.forEach((part, i) => {
    table.writeUInt32LE(at, 4 * i);
    at += part.length;
  });
  table.writeUInt32LE(at, 4 * parts.length);
  return Buffer.concat([table, ...parts]);
}

describe('extended attributes of HFS+', () => {
  it('are those of files, folders and the volume, small ones and large', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`name ${i}`, text(i * 7, i)] as const),
    );
    const large = text(9000);
    await using image = await openBytes(
      buildHfsPlus('Attributes', [
        { parent: ROOT, id: 20, name: 'f', mode: FILE, attributes: { 'com.apple.quarantine': text(20) } },
        { parent: ROOT, id: 21, name: 'd', isFolder: true, attributes: { 'n\u00e4me': text(3) } },
        { parent: 21, id: 22, name: 'many', mode: FILE, attributes: many },
        { parent: 21, id: 23, name: 'none', mode: FILE },
        { parent: 21, id: 24, name: 'large', mode: FILE, attributes: { large } },
      ]),
    );
    expect(await attributesOf(image, '/f')).toEqual(new Map([['user.com.apple.quarantine', text(20)]]));
    expect(await attributesOf(image, '/d')).toEqual(new Map([['user.n\u00e4me', text(3)]]));
    const found = await attributesOf(image, '/d/many');
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.entries(many).map(([name, value]) => [`user.${name}`, value])),
    );
    expect((await attributesOf(image, '/d/none')).size).toBe(0);
    expect(await attributesOf(image, '/d/large')).toEqual(new Map([['user.large', large]]));
    expect(image.findings.findings).toEqual([]);
  });

  it('that Linux cannot have are left out and told', async () => {
    const fits = 'n'.repeat(MAX_ATTRIBUTE_NAME_BYTES - 'user.'.length - 200);
    const three = '\u65e5'.repeat(83);
    await using image = await openBytes(
      buildHfsPlus('Names', [
        {
          ...{ parent: ROOT, id: 20, name: 'f', mode: FILE },
          attributes: { [fits]: text(1), [`${three}n`]: text(1), [`${three}nn`]: text(1), 'a\0b': text(1) },
        },
        { parent: ROOT, id: 21, name: 'g', mode: FILE, attributes: { a: Buffer.alloc(MAX_RESOURCE_BYTES) } },
        {
          ...{ parent: ROOT, id: 22, name: 'h', mode: FILE },
          attributes: { a: Buffer.alloc(MAX_RESOURCE_BYTES + 1) },
        },
      ]),
    );
    expect([...(await attributesOf(image, '/f')).keys()]).toEqual([`user.${fits}`, `user.${three}n`]);
    expect((await attributesOf(image, '/g')).get('user.a')).toHaveLength(MAX_RESOURCE_BYTES);
    expect((await attributesOf(image, '/h')).size).toBe(0);
    const codes = image.findings.findings.map(({ code }) => code);
    expect(codes).toEqual(['attribute-left-out', 'attribute-left-out', 'attribute-left-out']);
  });

  it.each([
    [MAX_FILE_ATTRIBUTES, MAX_FILE_ATTRIBUTES],
    [MAX_FILE_ATTRIBUTES + 1, MAX_FILE_ATTRIBUTES],
  ])('of one file: of %i are looked at %i', async (count, looked) => {
    const attributes = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [String(i).padStart(4, '0'), text(1)] as const),
    );
    await using image = await openBytes(
      buildHfsPlus('Many', [{ parent: ROOT, id: 20, name: 'f', mode: FILE, attributes }]),
    );
    expect((await attributesOf(image, '/f')).size).toBe(looked);
  });

  it('are not looked up without end when files share them', async () => {
    // Records of many files carry the id of one that has attributes.
    const files = Array.from({ length: 2 * SPARE_LOOKUPS }, (_, i) => ({
      ...{ parent: ROOT, id: 1000 + i, name: `f${i}`, mode: FILE },
      ...(i === 0 ? { attributes: { a: text(1) } } : { flags: 4 }),
    }));
    const image = buildHfsPlus('Shared', files);
    for (let at = 0; at + 248 <= image.length; at += 2) {
      const isRecord = image.readUInt32BE(at) === 0x0002_0004 && image.readUInt16BE(at + 42) === FILE;
      if (isRecord) image.writeUInt32BE(1000, at + 8);
    }
    await using opened = await openBytes(image);
    const { first, count } = await opened.index.children(0);
    const { table } = opened.index;
    const shown = Array.from({ length: count }, (_, i) => readAttributes(table, first + i).size);
    const withAttributes = shown.filter((size) => size > 0).length;
    expect(count).toBe(2 * SPARE_LOOKUPS);
    expect(withAttributes).toBeGreaterThanOrEqual(SPARE_LOOKUPS);
    expect(withAttributes).toBeLessThan(2 * SPARE_LOOKUPS);
  });

  it('of a file that cannot be read cost the volume nothing else', async () => {
    const image = buildHfsPlus('Broken', [
      { parent: ROOT, id: 20, name: 'f', data: text(10), mode: FILE, attributes: { a: text(5) } },
    ]);
    const tree = image.readUInt32BE(1024 + 352 + 16) * 512;
    const bare = Buffer.from(image);
    bare.writeUInt8(7, tree + 8);
    await using whole = await openBytes(bare);
    const all = await readAll(whole);
    expect([all.entries.get('/f')?.size, all.codes]).toEqual([10, ['damaged-attributes']]);
    // The root of the tree is no node.
    image.writeUInt8(7, tree + 512 + 8);
    await using one = await openBytes(image);
    const { entries, codes } = await readAll(one);
    expect([entries.get('/f')?.size, codes]).toEqual([10, ['damaged-attributes']]);
  });
});

describe('a file that Mac OS compressed', () => {
  it('is shown with its content, wherever that is, and without what it is stored in', async () => {
    await using image = await openBytes(buildHfsPlus('Packed', COMPRESSED_FILES));
    const content = (path: string): Promise<Buffer> => readFileContent(image, path);
    expect(await content('/in the attribute')).toEqual(SMALL);
    expect(await content('/stored in the attribute')).toEqual(SMALL.subarray(0, 100));
    expect(await content('/in the fork')).toEqual(CONTENT);
    expect(await content('/stored in the fork')).toEqual(CONTENT);
    expect(await content('/plain in the attribute')).toEqual(SMALL.subarray(0, 50));
    expect(await content('/empty')).toEqual(Buffer.alloc(0));
    for (const { name } of COMPRESSED_FILES) expect((await attributesOf(image, `/${name}`)).size).toBe(0);
    expect(image.findings.findings).toEqual([]);
  });

  it.each([
    ['LZVN in the attribute', 7, Buffer.concat([Buffer.of(0xe5), Buffer.from('hello'), Buffer.of(6)]), 5],
    ['LZVN in the attribute, stored', 7, Buffer.from('\x06hello'), 5],
    ['plain in the attribute', 9, Buffer.from('\xcchello', 'latin1'), 5],
    ['LZFSE in the attribute', 11, Buffer.from('bvx-\x05\0\0\0hellobvx$'), 5],
    ['LZFSE in the attribute, stored', 11, Buffer.from('\xffhello', 'latin1'), 5],
  ])('has its content in %s', async (_, type, value, size) => {
    const entry = compressed(30, 'f', Buffer.concat([header(type, size), value]));
    await using image = await openBytes(buildHfsPlus('Packed', [entry]));
    expect((await readFileContent(image, '/f')).toString()).toBe('hello');
  });

  it.each([
    ['LZVN', 8, storeInFork(0x06, CONTENT)],
    ['plain', 10, compressFork(CONTENT, true)],
    ['LZFSE', 12, storeInFork(0xff, CONTENT)],
  ])('has its content in blocks of the fork that are %s', async (_, type, fork) => {
    const entry = compressed(30, 'f', header(type, CONTENT.length), fork);
    await using image = await openBytes(buildHfsPlus('Packed', [entry]));
    expect(await readFileContent(image, '/f')).toEqual(CONTENT);
  });

  it('is read at random', async () => {
    await using image = await openBytes(buildHfsPlus('Packed', COMPRESSED_FILES));
    const row = await image.index.resolve('/in the fork');
    const reader = new ContentOpener(image.index, image.data).open(row);
    for (const [position, length] of [
      [BLOCK - 3, 6],
      [199_990, 100],
      [0, 1],
      [BLOCK * 2, BLOCK],
    ] as const) {
      const target = new Uint8Array(length);
      const got = await reader.read(target, position);
      expect(Buffer.from(target.subarray(0, got))).toEqual(CONTENT.subarray(position, position + length));
    }
  });

  it('fails only the block that is damaged', async () => {
    const fork = compressFork(CONTENT);
    fork[256 + 4 + fork.readUInt32LE(256 + 8 + 8) + 20]! ^= 0xff;
    await using image = await openBytes(
      buildHfsPlus('Packed', [compressed(30, 'f', header(4, CONTENT.length), fork)]),
    );
    const reader = new ContentOpener(image.index, image.data).open(await image.index.resolve('/f'));
    const target = new Uint8Array(10);
    await expect(reader.read(target, BLOCK + 5)).rejects.toMatchObject({ code: 'damaged' });
    await reader.read(target, 5);
    expect(Buffer.from(target)).toEqual(CONTENT.subarray(5, 15));
  });

  it.each([
    ['has no attribute', { parent: ROOT, id: 30, name: 'f', ownerFlags: COMPRESSED, mode: FILE }],
    ['has another magic', compressed(30, 'f', Buffer.alloc(16, 'x'))],
    ['has a header that is cut short', compressed(30, 'f', header(3, 10).subarray(0, 15))],
  ])('is shown as it is stored, and told, when it %s', async (_, entry) => {
    await using image = await openBytes(buildHfsPlus('Packed', [{ ...entry, data: text(5) }]));
    const { entries, codes } = await readAll(image);
    expect([entries.get('/f')?.size, codes]).toEqual([5, ['compressed-file']]);
  });

  it.each([
    ['is of a kind that is not known', compressed(30, 'f', header(99, 100)), 100],
    ['has its content in the version store', compressed(30, 'f', header(5, 100)), 100],
    [
      'holds more in one piece than is decompressed',
      compressed(30, 'f', Buffer.concat([header(3, MAX_ATTRIBUTE_CONTENT + 1), deflateSync(text(9))])),
      MAX_ATTRIBUTE_CONTENT + 1,
    ],
  ])('has its size, is told, and fails when it is read, when it %s', async (_, entry, size) => {
    await using image = await openBytes(buildHfsPlus('Packed', [{ ...entry, data: text(5) }]));
    const row = await image.index.resolve('/f');
    expect(image.index.node(row).size).toBe(size);
    expect(image.findings.findings.map(({ code }) => code)).toEqual(['compressed-file']);
    await expect(readFileContent(image, '/f')).rejects.toMatchObject({ code: 'damaged' });
  });

  it('holds in one piece as much as is decompressed', async () => {
    const zeros = Buffer.alloc(MAX_ATTRIBUTE_CONTENT);
    const packed = deflateSync(zeros, { level: 9 });
    await using image = await openBytes(
      buildHfsPlus('Packed', [compressed(30, 'f', Buffer.concat([header(3, zeros.length), packed]))]),
    );
    expect((await readFileContent(image, '/f')).equals(zeros)).toBe(true);
  });

  it.each([
    [MAX_OVERHEAD, true],
    [MAX_OVERHEAD + 1, false],
  ])('may take %i bytes more than it holds for a block: %s', async (overhead, isRead) => {
    // What stands behind the end of the zlib stream is not looked at.
    const packed = deflateSync(CONTENT.subarray(0, BLOCK));
    const fork = Buffer.concat([compressFork(CONTENT.subarray(0, BLOCK)), Buffer.alloc(2 * BLOCK)]);
    fork.writeUInt32LE(BLOCK + overhead, 256 + 4 + 8);
    expect(fork.readUInt32LE(256 + 4 + 4)).toBe(12);
    expect(packed.length).toBeLessThan(BLOCK);
    await using image = await openBytes(
      buildHfsPlus('Packed', [compressed(30, 'f', header(4, BLOCK), fork)]),
    );
    const reading = readFileContent(image, '/f');
    if (isRead) expect(await reading).toEqual(CONTENT.subarray(0, BLOCK));
    else await expect(reading).rejects.toThrow(`expected at most ${BLOCK + MAX_OVERHEAD}`);
  });

  it.each([
    ['that holds less than it says', Buffer.concat([header(1, 50), text(49)]), Buffer.alloc(0)],
    ['whose fork is missing', header(4, 100), Buffer.alloc(0)],
    ['whose table lies outside', header(4, 100), Buffer.alloc(16, 0xf0)],
    ['whose table is too short', header(4, 3 * BLOCK), compressFork(text(BLOCK))],
    ['that comes to another size', header(4, 100), compressFork(text(101))],
  ])('%s is an error when it is read', async (_, value, fork) => {
    await using image = await openBytes(buildHfsPlus('Packed', [compressed(30, 'f', value, fork)]));
    await expect(readFileContent(image, '/f')).rejects.toMatchObject({ code: 'damaged' });
  });
});

describe('a link to a folder', () => {
  const alias = (id: number, name: string, special: number, flags: number): CatalogEntry => {
    const finderInfo = Buffer.alloc(32);
    finderInfo.write('fdrpMACS', 'latin1');
    return { parent: ROOT, id, name, special, flags, finderInfo, mode: 0o100444 };
  };

  it('shows the folder, and hides where that lies; an alias of the Finder is a file', async () => {
    await using image = await openBytes(
      buildHfsPlus('Links', [
        { parent: ROOT, id: 20, name: '.HFS+ Private Directory Data\r', isFolder: true },
        { parent: 20, id: 21, name: 'dir_5', isFolder: true, mode: 0o040750 },
        { parent: 21, id: 22, name: 'inside', data: text(7), mode: FILE },
        alias(23, 'first', 5, 0x20),
        alias(24, 'second', 5, 0x20),
        alias(25, 'finder', 5, 0),
        alias(26, 'broken', 6, 0x20),
      ]),
    );
    const { entries, codes } = await readAll(image);
    const paths = ['/', '/broken', '/finder', '/first', '/first/inside', '/second', '/second/inside'];
    expect([...entries.keys()].sort()).toEqual(paths);
    expect(entries.get('/first')).toMatchObject({ type: 'd', mode: 0o750 });
    expect(entries.get('/finder')).toMatchObject({ type: 'f' });
    expect(codes).toEqual(['broken-hard-link']);
  });
});

// The builder is ours: what it writes has to be so to somebody else as well.
describe('the builder of compressed files', () => {
  it('writes what 7-Zip decompresses as well', needs('7z'), async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-decmpfs-'));
    try {
      const path = join(folder, 'volume.hfs');
      await writeFile(path, buildHfsPlus('Check', COMPRESSED_FILES.slice(0, 4)));
      await mustRun('7z', ['x', '-y', `-o${join(folder, 'out')}`, path]);
      const read = (name: string): Promise<Buffer> => readFile(join(folder, 'out', 'Check', name));
      expect(await read('in the attribute')).toEqual(SMALL);
      expect(await read('stored in the attribute')).toEqual(SMALL.subarray(0, 100));
      expect(await read('in the fork')).toEqual(CONTENT);
      expect(await read('stored in the fork')).toEqual(CONTENT);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
