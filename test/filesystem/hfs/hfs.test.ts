// HFS: volumes that hfsutils and genisoimage write equal the tree they were made of.
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import { readAttributes } from '../../../src/index/node-record.js';
import { RowExtents } from '../../../src/index/row-extents.js';
import { openImage } from '../../../src/image/open-image.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { readFileContent } from '../../support/judges/file-content.js';
import { listImage } from '../../support/judges/index-manifest.js';
import { needs } from '../../support/needs.js';

function pattern(size: number, seed: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, i) => (i * 13 + seed) & 0xff));
}

/** A MacBinary II file: header, data fork, resource fork, each padded to 128 bytes. */
function macBinary(name: string, data: Buffer, resources: Buffer): Buffer {
  const header = Buffer.alloc(128);
  header.writeUInt8(name.length, 1);
  header.write(name, 2, 'latin1');
  header.write('TEXTttxt', 65, 'latin1');
  header.writeUInt32BE(data.length, 83);
  header.writeUInt32BE(resources.length, 87);
  header.writeUInt8(129, 122);
  header.writeUInt8(129, 123);
  let crc = 0;
  for (const byte of header.subarray(0, 124)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ ((crc & 0x8000) !== 0 ? 0x1021 : 0)) & 0xffff;
  }
  header.writeUInt16BE(crc, 124);
  const pad = (bytes: Buffer): Buffer =>
    Buffer.concat([bytes, Buffer.alloc((128 - (bytes.length % 128)) % 128)]);
  return Buffer.concat([header, pad(data), pad(resources)]);
}

describe('an HFS volume written by hfsutils', needs('hformat'), () => {
  let folder: string;
  let path: string;
  let opened: OpenedImage;
  const run = (file: string, ...args: string[]): Promise<unknown> =>
    mustRun(file, args, { env: { ...process.env, HOME: folder }, cwd: folder });
  const attributes = async (name: string): Promise<Map<string, Uint8Array>> =>
    readAttributes(opened.index.table, await opened.index.resolve(name));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-hfs-'));
    path = join(folder, 'volume.hfs');
    await writeFile(path, '');
    await truncate(path, 4 * 1024 * 1024);
    await run('hformat', '-l', 'Mac Disc', path);
    await run('hmkdir', ':Folder');
    await writeFile(join(folder, 'piece'), pattern(1000, 3));
    for (let i = 0; i < 120; i += 1) await run('hcopy', '-r', 'piece', `:Folder:piece ${i}`);
    // Free space in many small holes, so that one large file needs more than three extents.
    for (let i = 0; i < 120; i += 2) await run('hdel', `:Folder:piece ${i}`);
    const free = /(\d+) bytes free/.exec(
      (await mustRun('hvol', [], { env: { ...process.env, HOME: folder } })).stdout.toString(),
    );
    await writeFile(join(folder, 'filler'), pattern(Number(free![1]) - 40_000, 5));
    await writeFile(join(folder, 'scattered'), pattern(20_000, 9));
    await run('hcopy', '-r', 'filler', ':filler');
    await run('hcopy', '-r', 'scattered', ':scattered');
    await writeFile(join(folder, 'forks.bin'), macBinary('Forks', pattern(300, 1), pattern(700, 2)));
    await run('hcopy', '-m', 'forks.bin', ':');
    await writeFile(join(folder, 'short'), 'x');
    // 0x8e is an e with an acute accent in Mac Roman.
    await run('sh', '-c', 'exec hcopy -r short ":caf$(printf \'\\216\')/1"');
    await run('humount');
    opened = await openImage(path);
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('is the view that auto chooses, with the name of the disc', () => {
    expect(opened.tree.kind).toBe('hfs');
    expect(opened.tree.label).toBe('Mac Disc');
    expect(opened.volume.volumeId).toBe('Mac Disc');
  });

  it('lists every file of a folder that fills many nodes', async () => {
    const paths = (await listImage(opened, { hashLimit: 0 })).map((entry) => entry.path);
    const pieces = paths.filter((one) => one.startsWith('/Folder/'));
    expect(pieces.length).toBe(60);
    expect(pieces).toContain('/Folder/piece 119');
  });

  it('reads a file of more extents than its record holds', async () => {
    const row = await opened.index.resolve('/scattered');
    expect(new RowExtents(opened.index.table, row).length).toBeGreaterThan(3);
    for (const name of ['scattered', 'filler']) {
      const truth = await readFile(join(folder, name));
      expect((await readFileContent(opened, `/${name}`)).equals(truth)).toBe(true);
    }
  });

  it('gives resource fork and Finder info as attributes', async () => {
    expect(await readFileContent(opened, '/Forks')).toEqual(pattern(300, 1));
    const found = await attributes('/Forks');
    expect(Buffer.from(found.get('user.com.apple.ResourceFork')!)).toEqual(pattern(700, 2));
    const info = Buffer.from(found.get('user.com.apple.FinderInfo')!);
    expect(info.length).toBe(32);
    expect(info.subarray(0, 8).toString('latin1')).toBe('TEXTttxt');
  });

  it('has names in Mac Roman, shown as UTF-8, and ":" where they have "/"', async () => {
    expect(await readFileContent(opened, '/caf\u00e9:1')).toEqual(Buffer.from('x'));
  });

  it('has no findings', () => {
    expect(opened.findings.findings).toEqual([]);
  });
});

describe('an HFS hybrid written by genisoimage', needs('genisoimage'), () => {
  it('shows the same files as the ISO 9660 side, in a partition or without one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-hfs-'));
    try {
      const tree = join(folder, 'tree');
      await mkdir(join(tree, 'Sub'), { recursive: true });
      for (let i = 0; i < 60; i += 1) await writeFile(join(tree, 'Sub', `file${i}.txt`), pattern(i * 7, i));
      for (const extra of [[], ['-part']]) {
        const image = join(folder, `image${extra.length}.iso`);
        await mustRun('genisoimage', ['-quiet', '-R', '-hfs', ...extra, '-V', 'HYBRID', '-o', image, tree]);
        await using hfs = await openImage(image, { tree: 'hfs' });
        await using iso = await openImage(image);
        expect(iso.tree.kind).toBe('rock-ridge');
        const files = async (opened: OpenedImage): Promise<unknown[]> =>
          (await listImage(opened, { hashLimit: 1 << 20 }))
            .filter(({ type, path }) => type === 'f' && !path.startsWith('/Desktop D'))
            .map(({ path, sha256 }) => [path, sha256])
            .sort();
        expect(await files(hfs)).toEqual(await files(iso));
        expect((await files(hfs)).length).toBe(60);
        expect(iso.partitions.map(({ type }) => type)).toEqual(
          extra.length > 0 ? ['Apple_partition_map', 'Apple_HFS'] : [],
        );
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
