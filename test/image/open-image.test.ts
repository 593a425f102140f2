// From a path to an open image: which tree is chosen, what is said of the volume, and how bad input is refused.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileReader } from '../../src/image/file-reader.js';
import { RowExtents } from '../../src/index/row-extents.js';
import { openImage } from '../../src/image/open-image.js';
import { SECTOR, buildIso } from '../support/builders/iso-builder.js';
import { openBytes, readAll } from '../support/judges/opened-bytes.js';
import { needs } from '../support/needs.js';

const GIB = 1024 ** 3;

describe('an opened image', needs('xorriso'), () => {
  let folder: string;
  let image: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-open-'));
    const tree = join(folder, 'tree');
    mkdirSync(join(tree, 'Some Directory'), { recursive: true });
    writeFileSync(join(tree, 'Some Directory', 'A long name, with blanks.txt'), 'content');
    writeFileSync(join(tree, 'boot.img'), Buffer.alloc(2048));
    image = join(folder, 'image.iso');
    const names = ['-V', 'LABEL', '-publisher', 'PUBLISHER', '-A', 'APPLICATION', '-p', 'PREPARER'];
    const boot = ['-b', 'boot.img', '-no-emul-boot', '-boot-load-size', '4'];
    execFileSync(
      'xorriso',
      ['-as', 'mkisofs', '-quiet', '-R', '-J', '-iso-level', '3', ...names, ...boot, '-o', image, tree],
      { stdio: 'ignore' },
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('shows Rock Ridge before Joliet before plain names, unless another tree is asked for', async () => {
    const path = { 'rock-ridge': 'Some Directory', joliet: 'Some Directory', iso9660: 'some_directory' };
    for (const [tree, name] of Object.entries(path)) {
      await using opened = await openImage(image, { tree: tree as keyof typeof path });
      expect(opened.tree.kind).toBe(tree);
      expect(opened.index.node(await opened.index.resolve(`/${name}`)).type).toBe('directory');
    }
    await using chosen = await openImage(image);
    expect(chosen.tree.kind).toBe('rock-ridge');
    expect(chosen.trees.map(({ kind }) => kind)).toEqual(['rock-ridge', 'joliet', 'iso9660']);
    expect(chosen.findings.findings).toEqual([]);
  });

  it('says what the descriptors and the boot catalogue say', async () => {
    await using opened = await openImage(image);
    expect(opened.disc.format).toBe('iso');
    expect(opened.tree.label).toBe('LABEL');
    expect(opened.volume).toMatchObject({
      volumeId: 'LABEL',
      publisherId: 'PUBLISHER',
      applicationId: 'APPLICATION',
      preparerId: 'PREPARER',
      blockSize: 2048,
      jolietLevel: 3,
      hasUdf: false,
    });
    expect(opened.volume.size).toBeLessThanOrEqual(opened.source.size);
    expect(Date.now() / 1000 - opened.volume.created!.seconds).toBeLessThan(3600);
    expect(opened.volume.bootEntries).toEqual([
      {
        platform: 'x86',
        bootable: true,
        emulation: 'none',
        loadSize: 2048,
        offset: expect.any(Number) as number,
      },
    ]);
  });

  it('joins the sections of a file over 4 GiB into one run, and reads its end', async () => {
    const section = 0xffff_f800;
    const blocks = section / SECTOR;
    const size = section + GIB + 3;
    const root = [
      { name: 'BIG.;1', extent: 30, size: section, flags: 0x80 },
      { name: 'BIG.;1', extent: 30 + blocks, size: GIB + 3 },
    ];
    const path = join(folder, 'big.iso');
    writeFileSync(path, buildIso({ root }));
    truncateSync(path, 30 * SECTOR + size);
    const file = openSync(path, 'r+');
    writeSync(file, 'end', 30 * SECTOR + size - 3);
    closeSync(file);

    await using opened = await openImage(path);
    const node = opened.index.node(await opened.index.resolve('/big'));
    const extents = new RowExtents(opened.index.table, node.row);
    expect([...extents]).toEqual([{ offset: 30 * SECTOR, length: size }]);
    const target = Buffer.alloc(5);
    expect(await new FileReader(opened.source, extents, node.size).read(target, size - 5)).toBe(5);
    expect(target.toString()).toBe('\0\0end');
  });

  it('refuses a tree that the disc does not have, and names those it has', async () => {
    const plain = buildIso({ root: [{ name: 'F.;1' }] });
    await expect(openBytes(plain, { tree: 'joliet' })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('disc has iso9660, expected joliet') as string,
    });
  });

  it('reports an image that is shorter than its volume, and shows what is there', async () => {
    const whole = buildIso({ root: [{ name: 'F.;1', extent: 60, size: 10 }] });
    await using opened = await openBytes(whole.subarray(0, 50 * SECTOR));
    const { entries, codes } = await readAll(opened);
    expect(entries.has('/f')).toBe(true);
    expect(codes).toEqual(['truncated-image', 'file-beyond-end']);
    expect(opened.findings.findings[0]?.message).toBe(
      `Image has ${50 * SECTOR} bytes, expected ${64 * SECTOR}: it is truncated`,
    );
  });

  it('refuses an image whose root directory is cut off', async () => {
    const whole = buildIso({ root: [] });
    await expect(openBytes(whole.subarray(0, 19 * SECTOR))).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining(`image ends at byte ${19 * SECTOR}`) as string,
    });
  });

  it('refuses a block size that no disc has, and says what it may be', async () => {
    const patch = (descriptor: Uint8Array): void => {
      descriptor.set([0, 16, 16, 0], 128);
    };
    await expect(openBytes(buildIso({ root: [], patch }))).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('logical block size is 4096, expected 512, 1024 or 2048') as string,
    });
  });

  it('opens a volume without terminator and with an empty root', async () => {
    const bytes = buildIso({ root: [] });
    bytes.fill(0, 17 * SECTOR, 18 * SECTOR);
    await using opened = await openBytes(bytes);
    const { entries, codes } = await readAll(opened);
    expect([...entries.keys()]).toEqual(['/']);
    expect(codes).toEqual(['unterminated-descriptors']);
  });

  it('closes its file when it refuses it, and when it is disposed of', async () => {
    const count = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
    const before = await count();
    await expect(openBytes(Buffer.alloc(100_000))).rejects.toMatchObject({ code: 'unsupported' });
    const opened = await openImage(image);
    expect(await count()).toBe(before + 1);
    await opened[Symbol.asyncDispose]();
    expect(await count()).toBe(before);
  });

  it('stops when the signal fires', async () => {
    await expect(openImage(image, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});
