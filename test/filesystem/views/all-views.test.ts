// All views of a disc side by side: what is there, that numbers do not collide, and that boot images are whole.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { MAX_NAME, listPartitionFiles } from '../../../src/filesystem/views/boot-files.js';
import { openImage } from '../../../src/image/open-image.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { describeImage } from '../../../src/present/inspect/describe-image.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { readFileContent } from '../../support/judges/file-content.js';
import { listImage } from '../../support/judges/index-manifest.js';
import { SECTOR, buildIso } from '../../support/builders/iso-builder.js';
import { listTree } from '../../support/programs/list-tree.js';
import { compareEntries } from '../../support/judges/manifest.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';
import { PrivateIsodrive } from '../../support/programs/private-isodrive.js';
import { needs } from '../../support/needs.js';

const ESP_BYTES = 400 * 1024;

describe('a boot image that says nothing of its size', needs('genisoimage'), () => {
  it('is as long as the file of the disc that it is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-boot-'));
    try {
      const content = Buffer.alloc(5001, 'boot');
      await mkdir(join(folder, 'tree', 'sub'), { recursive: true });
      await writeFile(join(folder, 'tree', 'sub', 'boot.bin'), content);
      const boot = ['-b', 'sub/boot.bin', '-no-emul-boot', '-boot-load-size', '4'];
      const path = join(folder, 'boot.iso');
      await mustRun('genisoimage', ['-quiet', '-R', ...boot, '-o', path, join(folder, 'tree')]);
      await using image = await openImage(path, { tree: 'all' });
      const { entries } = await readAll(image);
      expect(entries.get('/boot/bios-1.img')).toMatchObject({
        size: content.length,
        sha256: entries.get('/rockridge/sub/boot.bin')!.sha256,
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe(
  'all views of a disc with HFS+, GPT and an EFI system partition',
  needs('xorriso', 'mkfs.vfat', 'mcopy'),
  () => {
    let folder: string;
    let image: string;
    let opened: OpenedImage;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'isodrive-views-'));
      const tree = join(folder, 'tree');
      await mkdir(join(tree, 'sub'), { recursive: true });
      await writeFile(join(tree, 'sub', 'A Long Name.txt'), 'same in every view');
      await writeFile(join(tree, 'bios.bin'), Buffer.alloc(30_000, 'boot'));
      const esp = join(folder, 'esp.img');
      await writeFile(esp, '');
      await truncate(esp, ESP_BYTES);
      await writeFile(join(folder, 'loader.efi'), Buffer.alloc(5000, 'efi'));
      await mustRun('mkfs.vfat', ['-n', 'ESP', esp]);
      await mustRun('mmd', ['-i', esp, '::/EFI']);
      await mustRun('mcopy', ['-i', esp, join(folder, 'loader.efi'), '::/EFI/LOADER.EFI']);
      image = join(folder, 'image.iso');
      execFileSync('xorriso', [
        ...['-as', 'mkisofs', '-quiet', '-R', '-J', '-hfsplus', '-apm-block-size', '2048', '-V', 'VIEWS'],
        ...['-b', 'bios.bin', '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table'],
        ...['-eltorito-alt-boot', '-e', '--interval:appended_partition_2:all::', '-no-emul-boot'],
        ...['-append_partition', '2', '0xef', esp, '-appended_part_as_gpt', '-o', image, tree],
      ]);
      opened = await openImage(image, { tree: 'all' });
    });
    afterAll(async () => {
      await opened[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    /** Where the appended partition is; xorriso numbers the gaps between partitions as well. */
    const espPath = (): string => {
      const esp = opened.partitions.find(({ scheme, name }) => scheme === 'gpt' && name === 'Appended2');
      return `/partitions/gpt-${esp!.index}-Appended2`;
    };

    it('stand in directories named after them', async () => {
      const paths = (await listImage(opened, { hashLimit: 0 })).map(({ path }) => path);
      const top = paths.filter((path) => /^\/[^/]+$/.test(path));
      expect(top).toEqual(['/boot', '/hfsplus', '/iso9660', '/joliet', '/partitions', '/rockridge']);
      expect(paths.filter((path) => path.startsWith('/boot/'))).toEqual([
        ...[
          '/boot/bios-1.img',
          '/boot/boot.cat',
          '/boot/system-area.img',
          '/boot/uefi-1',
          '/boot/uefi-1.img',
        ],
        ...['/boot/uefi-1/EFI', '/boot/uefi-1/EFI/LOADER.EFI'],
      ]);
      expect(paths).toContain(`${espPath()}/EFI/LOADER.EFI`);
      expect(opened.tree.label).toBe('VIEWS');
      expect(opened.findings.findings).toEqual([]);
    });

    it('show the files of each view', async () => {
      for (const path of [
        'rockridge/sub/A Long Name.txt',
        'joliet/sub/A Long Name.txt',
        'hfsplus/sub/A Long Name.txt',
      ]) {
        expect((await readFileContent(opened, path)).toString()).toBe('same in every view');
      }
      const loader = await readFile(join(folder, 'loader.efi'));
      expect((await readFileContent(opened, 'boot/uefi-1/EFI/LOADER.EFI')).equals(loader)).toBe(true);
    });

    it('show boot images whole, however little the firmware loads', async () => {
      expect(opened.volume.bootEntries.map(({ loadSize }) => loadSize)).toEqual([2048, ESP_BYTES]);
      const esp = await readFile(join(folder, 'esp.img'));
      expect((await readFileContent(opened, 'boot/uefi-1.img')).equals(esp)).toBe(true);
      expect((await readFileContent(opened, `${espPath()}.img`)).equals(esp)).toBe(true);
      const bios = await readFileContent(opened, 'boot/bios-1.img');
      expect(bios.length).toBe(30_000);
      expect(bios.equals(await readFileContent(opened, 'rockridge/bios.bin'))).toBe(true);
      const start = await readFile(image);
      expect((await readFileContent(opened, 'boot/system-area.img')).equals(start.subarray(0, 32_768))).toBe(
        true,
      );
      expect((await readFileContent(opened, 'boot/boot.cat'))[0]).toBe(1);
    });

    it('give every file and directory an inode of its own, the same the next time', async () => {
      await listImage(opened, { hashLimit: 0 });
      const inodes = (one: OpenedImage): number[] =>
        Array.from({ length: one.index.table.rowCount }, (_, row) => one.index.node(row).inode);
      const all = inodes(opened);
      expect(new Set(all).size).toBe(all.length);
      expect(Math.min(...all)).toBeGreaterThan(0);
      await using again = await openImage(image, { tree: 'all' });
      await listImage(again, { hashLimit: 0 });
      expect(inodes(again)).toEqual(all);
    });

    it('are what info says is shown, beside those that there are', () => {
      const { trees, partitions } = describeImage(opened);
      expect(trees.map(({ kind }) => kind)).toEqual(['all', 'rock-ridge', 'joliet', 'iso9660', 'hfsplus']);
      expect(trees.filter(({ chosen }) => chosen).map(({ kind }) => kind)).toEqual(['all']);
      expect(partitions.map(({ scheme }) => scheme)).toContain('gpt');
    });

    it('are mounted as they are listed', async () => {
      await using isodrive = await PrivateIsodrive.start();
      await using mount = await isodrive.mount(image, { tree: 'all' });
      expect(mount.tree).toBe('all');
      const expected = await listImage(opened, { hashLimit: 1 << 22 });
      const found = await listTree(mount.mountPoint);
      expect(compareEntries(expected, found, { attributes: true })).toEqual([]);
    });

    it('are never what auto chooses', async () => {
      await using chosen = await openImage(image);
      expect(chosen.tree.kind).toBe('rock-ridge');
      expect(chosen.trees.map(({ kind }) => kind)).not.toContain('all');
    });
  },
);

describe('all views of a disc with a damaged one', () => {
  it('show the others, and tell which is left out', async () => {
    const bytes = buildIso({ root: [{ name: 'F.;1' }] });
    bytes.fill(0xff, 20 * SECTOR, 21 * SECTOR);
    await using opened = await openBytes(bytes, { tree: 'all' });
    const { entries, codes } = await readAll(opened);
    expect([...entries.keys()]).toEqual(['/']);
    expect(codes).toContain('unusable-tree');
  });
});

describe('all views of a disc that was written twice', needs('xorriso', 'mkfs.vfat', 'mcopy'), () => {
  it('have what it was before in a directory of its own', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-views-'));
    try {
      const image = join(folder, 'image.iso');
      await writeFile(join(folder, 'old'), 'written first');
      await writeFile(join(folder, 'new'), 'written then');
      const joliet = ['-joliet', 'on'];
      await mustRun('xorriso', [
        '-outdev',
        image,
        ...joliet,
        '-map',
        join(folder, 'old'),
        '/file',
        '-commit',
      ]);
      await mustRun('xorriso', [
        '-dev',
        image,
        ...joliet,
        '-update',
        join(folder, 'new'),
        '/file',
        '-commit',
      ]);
      await using opened = await openImage(image, { tree: 'all' });
      expect((await readFileContent(opened, 'rockridge/file')).toString()).toBe('written then');
      for (const view of ['rockridge', 'joliet', 'iso9660']) {
        expect((await readFileContent(opened, `session-1/${view}/file`)).toString()).toBe('written first');
      }
      await using first = await openImage(image, { tree: 'all', session: 1 });
      expect((await readFileContent(first, 'rockridge/file')).toString()).toBe('written first');
      expect((await readFileContent(first, 'session-2/rockridge/file')).toString()).toBe('written then');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('all views of a disc that starts as a hard disk', needs('xorriso', 'mkfs.vfat', 'mcopy'), () => {
  it('show the disk whole, and open the FAT volume in its partition', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-views-'));
    try {
      const volume = join(folder, 'volume.img');
      await writeFile(volume, '');
      await truncate(volume, 360 * 1024);
      await writeFile(join(folder, 'hello'), 'in the partition');
      await mustRun('mkfs.vfat', [volume]);
      await mustRun('mcopy', ['-i', volume, join(folder, 'hello'), '::']);
      const start = 8;
      const record = Buffer.alloc(start * 512);
      record.set([0x80, 0, 9, 0, 1, 0, 9, 9], 446);
      record.writeUInt32LE(start, 454);
      record.writeUInt32LE(720, 458);
      record.set([0x55, 0xaa], 510);
      const disk = Buffer.concat([record, await readFile(volume)]);
      await mkdir(join(folder, 'tree'));
      await writeFile(join(folder, 'tree', 'hd.img'), disk);
      const image = join(folder, 'image.iso');
      const boot = ['-b', 'hd.img', '-hard-disk-boot'];
      await mustRun('xorriso', ['-as', 'mkisofs', '-quiet', ...boot, '-o', image, join(folder, 'tree')]);
      await using opened = await openImage(image, { tree: 'all' });
      expect(opened.volume.bootEntries).toMatchObject([{ emulation: 'hard-disk', loadSize: 512 }]);
      expect((await readFileContent(opened, 'boot/bios-1.img')).equals(disk)).toBe(true);
      expect((await readFileContent(opened, 'boot/bios-1/hello')).toString()).toBe('in the partition');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('files of partitions', () => {
  it('have names of so many characters at most', () => {
    const reader = PlanStream.plain(new FaultySource(Buffer.alloc(2048)));
    const nameOf = (length: number): string | undefined =>
      listPartitionFiles(reader, [
        { scheme: 'gpt', index: 1, type: '', name: 'n'.repeat(length), start: 0, length: 512 },
      ])[0]?.path[1];
    const expected = `gpt-1-${'n'.repeat(MAX_NAME)}.img`;
    expect([nameOf(MAX_NAME), nameOf(MAX_NAME + 1)]).toEqual([expected, expected]);
  });
});
