// HFS+: volumes that xorriso writes equal the tree they were made of, and hand-made ones show what no tool writes.
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import { readAttributes } from '../../../src/index/node-record.js';
import { RowExtents } from '../../../src/index/row-extents.js';
import { openImage } from '../../../src/image/open-image.js';
import { MAX_APPLE_VOLUMES } from '../../../src/filesystem/hfs/apple-volumes.js';
import { ByteCursor } from '../../../src/base/byte-cursor.js';
import { MAX_LEVELS } from '../../../src/filesystem/hfs/b-tree.js';
import { MAX_DAMAGED_RECORDS } from '../../../src/filesystem/hfs/catalog-tree.js';
import { MAX_FORK_EXTENTS } from '../../../src/filesystem/hfs/fork-map.js';
import {
  MAX_DIRECTORY_RESOURCE_BYTES,
  MAX_RESOURCE_BYTES,
} from '../../../src/filesystem/hfs/mac-attributes.js';
import { MAX_NAME_UNITS, composeName, writeHfsPlusName } from '../../../src/filesystem/hfsplus/name.js';
import {
  MAX_BLOCK_SIZE,
  MAX_VOLUME_BYTES,
  parseVolumeHeader,
} from '../../../src/filesystem/hfsplus/volume-header.js';
import { ROOT, buildHfsPlus, wrapInHfs } from '../../support/builders/hfsplus-builder.js';
import type { CatalogEntry } from '../../support/builders/hfsplus-builder.js';
import { listImage } from '../../support/judges/index-manifest.js';
import { unescapeBytes } from '../../support/judges/manifest.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';
import { needs } from '../../support/needs.js';

const FILE = 0o100644;

function text(size: number, seed = 1): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + seed * 7) & 0xff));
}

function link(id: number, name: string, number: number): CatalogEntry {
  const finderInfo = Buffer.alloc(32);
  finderInfo.write('hlnkhfs+', 'latin1');
  return { parent: ROOT, id, name, special: number, finderInfo, mode: 0o100444 };
}

describe('an HFS+ volume written by xorriso', needs('xorriso'), () => {
  it('shows the tree it was made of: long and composed names, thousands of files, links, modes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-hfsplus-'));
    try {
      const tree = join(folder, 'tree');
      await mkdir(join(tree, 'many'), { recursive: true });
      const names = ['\u00e9t\u00e9', '\u00c5', '\ud55c\uae00', 'a:b', '\u{1f600}', 'x'.repeat(200)];
      for (const name of names) await writeFile(join(tree, name), name);
      for (let i = 0; i < 1500; i += 1) await writeFile(join(tree, 'many', `file ${i}`), String(i));
      await symlink('many/file 7', join(tree, 'link'));
      await mkdir(join(tree, 'modes'), { mode: 0o751 });
      await writeFile(join(tree, 'modes', 'f'), text(100_000), { mode: 0o640 });
      const image = join(folder, 'image.iso');
      await mustRun('xorriso', [
        '-as',
        'mkisofs',
        '-quiet',
        '-R',
        '-hfsplus',
        '-V',
        'DISC',
        '-o',
        image,
        tree,
      ]);

      await using opened = await openImage(image, { tree: 'hfsplus' });
      expect(opened.tree.label).toBe('DISC');
      const entries = await listImage(opened, { hashLimit: 1 << 20 });
      await using plain = await openImage(image, { tree: 'rock-ridge' });
      const truth = await listImage(plain, { hashLimit: 1 << 20 });
      const comparable = (all: typeof entries): unknown[] =>
        all
          .map(({ type, mode, path, target, sha256 }) => ({ type, mode, path, target, sha256 }))
          .filter(({ path }) => path !== '/')
          .sort((a, b) => (a.path < b.path ? -1 : 1));
      expect(comparable(entries)).toEqual(comparable(truth));
      expect(entries.length).toBeGreaterThan(1500);
      expect(opened.findings.findings).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('a hand-made HFS+ volume', () => {
  it('resolves hard links to one file, and hides the folder that holds it', async () => {
    const data = text(1000);
    const image = buildHfsPlus('Links', [
      { parent: ROOT, id: 20, name: '\0\0\0\0HFS+ Private Data', isFolder: true },
      { parent: 20, id: 21, name: 'iNode77', data, mode: FILE, special: 2, owner: 5, group: 6 },
      { parent: 20, id: 25, name: 'iNode8', data: text(3), mode: FILE, special: 1 },
      link(22, 'first', 77),
      link(23, 'second', 77),
      link(24, 'third', 99),
    ]);
    await using opened = await openBytes(image);
    const { entries, codes } = await readAll(opened);
    expect([...entries.keys()].sort()).toEqual(['/', '/first', '/second', '/third']);
    const [first, second] = ['/first', '/second'].map((path) => entries.get(path)!);
    expect(first).toMatchObject({ size: 1000, links: 2, mode: 0o644, userId: 5, groupId: 6 });
    expect({ ...first, path: '' }).toEqual({ ...second, path: '' });
    const inode = async (path: string): Promise<number> =>
      opened.index.node(await opened.index.resolve(path)).inode;
    expect(await inode('/first')).toBe(await inode('/second'));
    expect(codes).toEqual(['broken-hard-link']);
  });

  it('reads files of more extents than their record holds, from the overflow tree', async () => {
    const data = text(60 * 512 + 100);
    const image = buildHfsPlus('Fragments', [
      { parent: ROOT, id: 20, name: 'eight', data, fragments: 8, mode: FILE },
      { parent: ROOT, id: 21, name: 'forty', data, fragments: 40, mode: FILE },
      { parent: ROOT, id: 22, name: 'whole', data, mode: FILE },
    ]);
    await using opened = await openBytes(image);
    const { entries, codes } = await readAll(opened);
    const digests = ['/eight', '/forty', '/whole'].map((path) => entries.get(path)?.sha256);
    expect(digests[0]).toBeDefined();
    expect(new Set(digests).size).toBe(1);
    expect(codes).toEqual([]);
  });

  it('finds the entries of folders that reach over many nodes and levels', async () => {
    const files = Array.from({ length: 3000 }, (_, i) => ({
      parent: i % 3 === 0 ? ROOT : 20,
      id: 100 + i,
      name: `file ${i}`,
      data: text(i % 5),
    }));
    const folder = { parent: ROOT, id: 20, name: 'folder', isFolder: true };
    await using opened = await openBytes(buildHfsPlus('Many', [folder, ...files]));
    const { entries, codes } = await readAll(opened);
    expect(entries.size).toBe(3002);
    for (const { parent, name, data } of files) {
      const path = parent === ROOT ? `/${name}` : `/folder/${name}`;
      expect(entries.get(path)?.size).toBe(data.length);
    }
    expect(codes).toEqual([]);
  });

  it('shows links, devices, default modes and unset times as Linux does', async () => {
    const image = buildHfsPlus('Kinds', [
      { parent: ROOT, id: 20, name: 'link', data: Buffer.from('target/x'), mode: 0o120755 },
      { parent: ROOT, id: 21, name: 'device', special: (3 << 24) | 70_000, mode: 0o020600 },
      { parent: ROOT, id: 22, name: 'plain', modified: 0 },
      { parent: ROOT, id: 23, name: 'folder', isFolder: true },
      { parent: ROOT, id: 24, name: 'a/b', mode: FILE, modified: 2_082_844_800 + 86_400 },
    ]);
    await using opened = await openBytes(image);
    const { entries } = await readAll(opened);
    expect(entries.get('/link')).toMatchObject({ type: 'l', target: 'target/x' });
    expect(entries.get('/device')).toMatchObject({ type: 'c', device: '3,70000' });
    expect(entries.get('/plain')).toMatchObject({ type: 'f', mode: 0o644, modified: 0 });
    expect(entries.get('/folder')).toMatchObject({ type: 'd', mode: 0o755 });
    expect(entries.get('/a:b')).toMatchObject({ modified: 86_400 });
  });

  it('gives the Finder and resource fork of a file as attributes, and leaves out a large one', async () => {
    const finderInfo = Buffer.alloc(32);
    finderInfo.write('TEXTttxt', 'latin1');
    const image = buildHfsPlus('Forks', [
      { parent: ROOT, id: 20, name: 'small', finderInfo, resources: text(65_536), mode: FILE },
      { parent: ROOT, id: 21, name: 'large', resources: text(65_537), mode: FILE },
      { parent: ROOT, id: 22, name: 'none', mode: FILE },
    ]);
    await using opened = await openBytes(image);
    const attributes = async (path: string): Promise<Map<string, Uint8Array>> =>
      readAttributes(opened.index.table, await opened.index.resolve(path));
    const small = await attributes('/small');
    expect([...small.keys()]).toEqual(['user.com.apple.FinderInfo', 'user.com.apple.ResourceFork']);
    expect(Buffer.from(small.get('user.com.apple.FinderInfo')!)).toEqual(finderInfo);
    expect(Buffer.from(small.get('user.com.apple.ResourceFork')!)).toEqual(text(65_536));
    expect((await attributes('/large')).size).toBe(0);
    expect((await attributes('/none')).size).toBe(0);
    expect(opened.findings.findings.map(({ code }) => code)).toEqual(['resource-fork-left-out']);
  });

  it('tells that a compressed file is shown as it is stored', async () => {
    const image = buildHfsPlus('Packed', [{ parent: ROOT, id: 20, name: 'f', ownerFlags: 0x20, mode: FILE }]);
    await using opened = await openBytes(image);
    expect((await readAll(opened)).codes).toEqual(['compressed-file']);
  });

  it('shows a file that says it has exabytes with what it has (corpus, from the fuzzer)', async () => {
    const path = join(import.meta.dirname, '../../corpus/bad/impossible-size--hfsplus-logical-size.img');
    await using image = await openImage(path);
    const { entries, codes } = await readAll(image);
    expect(entries.get('/f')?.size).toBe(1024);
    expect(codes).toContain('impossible-size');
  });

  it('is found inside an HFS wrapper', async () => {
    const volume = buildHfsPlus('Wrapped', [
      { parent: ROOT, id: 20, name: 'f', data: text(700), mode: FILE },
    ]);
    await using opened = await openBytes(wrapInHfs(volume));
    expect(opened.trees.map(({ kind }) => kind)).toEqual(['hfsplus']);
    expect(opened.tree.label).toBe('Wrapped');
    const { entries } = await readAll(opened);
    expect(entries.get('/f')?.size).toBe(700);
    await using plain = await openBytes(volume);
    expect((await readAll(plain)).entries.get('/f')?.sha256).toBe(entries.get('/f')?.sha256);
  });

  it('ends where leaves follow one another in a circle, with what they hold', async () => {
    const files = Array.from({ length: 40 }, (_, i) => ({ parent: ROOT, id: 100 + i, name: `file ${i}` }));
    const image = buildHfsPlus('Circle', files);
    for (let at = 0; at + 512 <= image.length; at += 512) {
      // Every leaf follows itself.
      if (image[at + 8] === 0xff && image[at + 9] === 1) image.writeUInt32BE(1, at);
    }
    await using opened = await openBytes(image);
    const { codes } = await readAll(opened);
    expect(codes.some((code) => ['directory-cut', 'unreadable-directory'].includes(code))).toBe(true);
  });
});

describe('limits of HFS+', () => {
  it.each([
    [MAX_DIRECTORY_RESOURCE_BYTES / MAX_RESOURCE_BYTES, 0],
    [MAX_DIRECTORY_RESOURCE_BYTES / MAX_RESOURCE_BYTES + 1, 1],
  ])('resource forks of %i files in one folder: %i are left out', async (count, left) => {
    const resources = Buffer.alloc(MAX_RESOURCE_BYTES, 'fork');
    const files = Array.from({ length: count }, (_, i) => ({
      parent: ROOT,
      id: 100 + i,
      name: `f${i}`,
      resources,
    }));
    await using opened = await openBytes(buildHfsPlus('Forks', files));
    expect((await readAll(opened)).codes).toEqual(Array<string>(left).fill('resource-fork-left-out'));
  });

  it.each([
    [MAX_APPLE_VOLUMES, MAX_APPLE_VOLUMES],
    [MAX_APPLE_VOLUMES + 1, MAX_APPLE_VOLUMES],
  ])('of %i volumes %i are shown', async (count, shown) => {
    const volume = buildHfsPlus('One of many', []);
    const size = Math.ceil(volume.length / 512);
    const image = Buffer.alloc((64 + count * size) * 512);
    for (let i = 0; i < count; i += 1) {
      const start = 64 + i * size;
      volume.copy(image, start * 512);
      const entry = (i + 1) * 512;
      image.write('PM', entry, 'latin1');
      image.writeUInt32BE(count, entry + 4);
      image.writeUInt32BE(start, entry + 8);
      image.writeUInt32BE(size, entry + 12);
    }
    await using opened = await openBytes(image, { tree: 'all' });
    expect(opened.trees.length).toBe(shown);
    const { entries } = await readAll(opened);
    expect(entries.has(`/hfsplus-${shown}`)).toBe(true);
    expect(entries.has(`/hfsplus-${shown + 1}`)).toBe(false);
  });

  it.each([
    [MAX_FORK_EXTENTS, []],
    [MAX_FORK_EXTENTS + 1, ['file-beyond-end']],
  ])('a file of %i extents', async (count, expected) => {
    const runs = Array.from({ length: count }, (_, i) => ({ start: i % 2 === 0 ? 4 : 6, count: 1 }));
    const filler = { parent: ROOT, id: 19, name: 'a', data: text(4 * 512) };
    const file = { parent: ROOT, id: 20, name: 'f', mode: FILE, runs, size: count * 512 };
    await using opened = await openBytes(buildHfsPlus('Pieces', [filler, file]));
    const row = await opened.index.resolve('/f');
    expect(new RowExtents(opened.index.table, row)).toHaveLength(MAX_FORK_EXTENTS);
    expect(opened.findings.findings.map(({ code }) => code)).toEqual(expected);
  });

  it.each([
    [MAX_DAMAGED_RECORDS, true],
    [MAX_DAMAGED_RECORDS + 1, false],
  ])('behind %i broken records at the start of a folder the rest is listed: %s', async (count, isListed) => {
    const broken = Array.from({ length: count }, (_, i) => ({ parent: 20, id: 100 + i, name: `b${i}` }));
    const image = buildHfsPlus('Broken', [
      { parent: ROOT, id: 20, name: 'd', isFolder: true },
      ...broken,
      { parent: 20, id: 1000, name: 'z' },
    ]);
    // Keys of the folder whose names begin with "b": a name longer than its key.
    for (let at = 0; at + 12 < image.length; at += 2) {
      const isKey =
        image.readUInt32BE(at + 2) === 20 && image.readUInt16BE(at) === 6 + 2 * image.readUInt16BE(at + 6);
      if (isKey && image.readUInt16BE(at + 8) === 0x62) image.writeUInt16BE(200, at + 6);
    }
    await using opened = await openBytes(image);
    const { entries, codes } = await readAll(opened);
    expect(entries.has('/d/z')).toBe(isListed);
    expect(codes.filter((code) => code === 'damaged-catalog-record')).toHaveLength(count);
  });

  it('units of a name', () => {
    const write = (units: number): number =>
      writeHfsPlusName(
        new ByteCursor(Buffer.from('x'.repeat(300), 'utf16le').swap16(), 'memory', 0),
        0,
        units,
        new Uint8Array(1024),
      );
    expect([write(MAX_NAME_UNITS), write(MAX_NAME_UNITS + 1)]).toEqual([MAX_NAME_UNITS, MAX_NAME_UNITS]);
  });

  it.each([
    [MAX_BLOCK_SIZE, 1, true],
    [MAX_BLOCK_SIZE * 2, 1, false],
    [MAX_BLOCK_SIZE, MAX_VOLUME_BYTES / MAX_BLOCK_SIZE, true],
    [MAX_BLOCK_SIZE, MAX_VOLUME_BYTES / MAX_BLOCK_SIZE + 1, false],
    [256, 1, false],
  ])('blocks of %i bytes, %i of them, make a volume: %s', (blockSize, count, isVolume) => {
    const bytes = Buffer.alloc(512);
    bytes.write('H+', 'latin1');
    bytes.writeUInt32BE(blockSize, 40);
    bytes.writeUInt32BE(count, 44);
    const parse = (): unknown => parseVolumeHeader(new ByteCursor(bytes, 'memory', 0));
    if (isVolume) expect(parse()).toMatchObject({ blockSize, blockCount: count });
    else expect(parse).toThrow('expected 0x482b or 0x4858');
  });

  it('an index node that leads to itself ends the search', async () => {
    const files = Array.from({ length: 40 }, (_, i) => ({ parent: ROOT, id: 100 + i, name: `file ${i}` }));
    const image = buildHfsPlus('Deep', files);
    const catalog = image.readUInt32BE(1024 + 272 + 16) * 512;
    const root = image.readUInt32BE(catalog + 16);
    const node = catalog + root * 512;
    for (let i = 0; i < image.readUInt16BE(node + 10); i += 1) {
      const record = node + image.readUInt16BE(node + 512 - 2 * (i + 1));
      image.writeUInt32BE(root, record + 2 + image.readUInt16BE(record));
    }
    await expect(openBytes(image)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining(`more than ${MAX_LEVELS} levels`) as string,
    });
  });
});

describe('composed names', () => {
  it('join letters and accents, and leave alone what HFS+ never takes apart', () => {
    expect(composeName('e\u0301')).toBe('\u00e9');
    expect(composeName('\u1112\u1161\u11ab')).toBe('\ud55c');
    expect(composeName('\u212b\uf900\u{2f800}e\u0301')).toBe('\u212b\uf900\u{2f800}\u00e9');
  });

  it('reach the index as UTF-8', async () => {
    const image = buildHfsPlus('Names', [{ parent: ROOT, id: 20, name: 'e\u0301\0\ud800' }]);
    await using opened = await openBytes(image);
    const [, entry] = await listImage(opened, { hashLimit: 0 });
    expect(Buffer.from(unescapeBytes(entry!.path)).toString()).toBe('/\u00e9\u2400\ufffd');
  });
});

// What it writes is HFS+ to somebody else as well, so that builder and reader do not share a mistake.
describe('the builder of HFS+ volumes', () => {
  it('writes what 7-Zip reads as well', needs('7z'), async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-hfsplus-'));
    try {
      const path = join(folder, 'volume.hfs');
      const data = text(60 * 512 + 100);
      await writeFile(
        path,
        buildHfsPlus('Check', [
          { parent: ROOT, id: 20, name: 'folder', isFolder: true },
          { parent: 20, id: 21, name: 'forty', data, fragments: 40, mode: FILE },
        ]),
      );
      await mustRun('7z', ['x', '-y', `-o${join(folder, 'out')}`, path]);
      expect(await readFile(join(folder, 'out', 'Check', 'folder', 'forty'))).toEqual(data);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
