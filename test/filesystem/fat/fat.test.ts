// FAT: volumes that mkfs.vfat and mtools write equal the tree they were made of, whatever the width of their table.
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import { RowExtents } from '../../../src/index/row-extents.js';
import { openImage } from '../../../src/image/open-image.js';
import { readFileContent } from '../../support/judges/file-content.js';
import { listImage } from '../../support/judges/index-manifest.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';
import { needs } from '../../support/needs.js';

const MIB = 1024 * 1024;
/** 2020-02-03 04:05:06 UTC. */
const TIME = 1_580_702_706;

function pattern(size: number, seed: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, i) => (i * 29 + seed) & 0xff));
}

/** Path in the volume to content. */
const FILES: Readonly<Record<string, Buffer>> = {
  'EFI/BOOT/BOOTX64.EFI': pattern(70_000, 1),
  'lower.txt': pattern(1, 2),
  'MiXeD CaSe name with blanks.text': pattern(4096, 3),
  empty: Buffer.alloc(0),
  'EFI/a very long name that goes on for quite a while, and needs many entries to be kept.conf': pattern(
    5,
    4,
  ),
  'na\u00efve \ud55c\uae00': pattern(600, 5),
  ...Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`many/file number ${i}`, pattern(i, i)])),
};

describe.each([
  [12, 1.44 * MIB],
  [16, 20 * MIB],
  [32, 40 * MIB],
])('a FAT%i volume written by mtools', needs('mkfs.vfat', 'mcopy'), (width, size) => {
  let folder: string;
  let path: string;
  const env = { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC', MTOOLS_SKIP_CHECK: '1' };
  const run = (file: string, ...args: string[]): Promise<unknown> =>
    mustRun(file, args, { env, cwd: folder });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-fat-'));
    path = join(folder, 'volume.img');
    await writeFile(path, '');
    await truncate(path, Math.floor(size / 512) * 512);
    await run('mkfs.vfat', '-F', String(width), '-n', 'MY LABEL', path);
    for (const [name, content] of Object.entries(FILES)) {
      const source = join(folder, 'tree', name);
      await mkdir(dirname(source), { recursive: true });
      await writeFile(source, content);
      await run('touch', '-d', `@${TIME}`, source);
    }
    const top = [...new Set(Object.keys(FILES).map((name) => join('tree', name.split('/')[0]!)))];
    await run('mcopy', '-s', '-m', '-i', path, ...top, '::');
    // Holes of one file each, so that a large file does not lie in one piece.
    for (let i = 0; i < 20; i += 1) await writeFile(join(folder, `hole${i}`), pattern(30_000, i));
    await run('mcopy', '-i', path, ...Array.from({ length: 20 }, (_, i) => `hole${i}`), '::');
    await run('mdel', '-i', path, ...Array.from({ length: 10 }, (_, i) => `::hole${i * 2}`));
    // Of two files that fill the rest, at least one has to go into the holes.
    const { stdout } = await mustRun('mdir', ['-i', path, '::'], { env });
    const free = Number(/([\d ]+) bytes free/.exec(stdout.toString())![1]!.replaceAll(' ', ''));
    await writeFile(join(folder, 'filler'), Buffer.alloc(Math.max(1, free - 340_000), 'no period of two'));
    await run('mcopy', '-i', path, 'filler', '::');
    await writeFile(join(folder, 'scattered'), pattern(250_000, 7));
    await run('mcopy', '-i', path, 'scattered', '::');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('shows every file with name, content and time', async () => {
    await using opened = await openImage(path);
    expect(opened.tree.kind).toBe('fat');
    expect(opened.tree.label).toBe('MY LABEL');
    for (const [name, content] of Object.entries(FILES)) {
      const node = opened.index.node(await opened.index.resolve(name));
      expect(node.modified.seconds, name).toBe(TIME);
      expect((await readFileContent(opened, name)).equals(content), name).toBe(true);
    }
    const { entries, codes } = await readAll(opened);
    const files = [...entries.values()].filter(({ type }) => type === 'f');
    expect(files.length).toBe(Object.keys(FILES).length + 10 + 2);
    expect(codes).toEqual([]);
  });

  it('reads a file whose clusters do not follow one another', async () => {
    await using opened = await openImage(path);
    const counts: number[] = [];
    for (const name of ['filler', 'scattered']) {
      const row = await opened.index.resolve(name);
      counts.push(new RowExtents(opened.index.table, row).length);
      const truth = await readFile(join(folder, name));
      expect((await readFileContent(opened, name)).equals(truth), name).toBe(true);
    }
    // Whichever of the two mtools put into the holes.
    expect(Math.max(...counts)).toBeGreaterThan(3);
  });

  it('lists each file with an inode of its own', async () => {
    await using opened = await openImage(path);
    await listImage(opened, { hashLimit: 0 });
    const { rowCount } = opened.index.table;
    const inodes = Array.from({ length: rowCount }, (_, row) => opened.index.node(row).inode);
    expect(new Set(inodes).size).toBe(rowCount);
  });

  it('ends where a chain of clusters leads back into itself or out of the volume', async () => {
    const bytes = await readFile(path);
    const table = bytes.readUInt16LE(14) * bytes.readUInt16LE(11);
    for (const value of [3, 0x0fff_fff0]) {
      const broken = Buffer.from(bytes);
      // Every entry names the same cluster.
      for (let cluster = 2; cluster < 2000; cluster += 1) {
        if (width === 32) broken.writeUInt32LE(value, table + cluster * 4);
        else if (width === 16) broken.writeUInt16LE(value & 0xffff, table + cluster * 2);
        else {
          const at = table + Math.floor(cluster * 1.5);
          const old = broken.readUInt16LE(at);
          const part = value & 0xfff;
          broken.writeUInt16LE(cluster % 2 === 0 ? (old & 0xf000) | part : (old & 0xf) | (part << 4), at);
        }
      }
      await using opened = await openBytes(broken);
      const { codes } = await readAll(opened);
      expect(codes).toContain('broken-cluster-chain');
    }
  });
});

describe('a FAT boot sector', () => {
  it('that contradicts itself is refused', async () => {
    const bytes = Buffer.alloc(64 * 512);
    bytes.set([0xeb, 0x3c, 0x90]);
    bytes.write('FAT12   ', 54, 'latin1');
    bytes.set([0x55, 0xaa], 510);
    await expect(openBytes(bytes)).rejects.toMatchObject({ code: 'unsupported' });
  });
});
