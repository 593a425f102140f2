// Images of hard disks: what their partitions hold is opened, where the disk itself holds nothing.
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import { MAX_FAT_VOLUMES } from '../../../src/filesystem/fat/probe.js';
import { openImage } from '../../../src/image/open-image.js';
import { ROOT, buildHfsPlus } from '../../support/builders/hfsplus-builder.js';
import { buildIso } from '../../support/builders/iso-builder.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';
import { needs } from '../../support/needs.js';

const SECTOR = 512;
const VOLUME_BYTES = 368_640;
const VOLUME_SECTORS = VOLUME_BYTES / SECTOR;

describe('a hard disk', needs('mkfs.vfat', 'mcopy', 'sfdisk', 'sgdisk'), () => {
  let folder: string;
  let fat: Buffer;
  let disk: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-disk-'));
    disk = join(folder, 'disk.img');
    const volume = join(folder, 'volume.img');
    await writeFile(volume, '');
    await truncate(volume, VOLUME_BYTES);
    await writeFile(join(folder, 'hello'), 'in the partition');
    await mustRun('mkfs.vfat', ['-n', 'INSIDE', volume]);
    await mustRun('mcopy', ['-i', volume, join(folder, 'hello'), '::']);
    fat = await readFile(volume);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** An image with a table written by `program` and volumes put where the partitions are. */
  const make = async (
    command: string,
    table: string,
    sectors: number,
    volumes: readonly (readonly [number, Uint8Array])[],
  ): Promise<void> => {
    await writeFile(disk, '');
    await truncate(disk, sectors * SECTOR);
    await mustRun('sh', ['-c', command, 'sh', table, disk]);
    const bytes = await readFile(disk);
    for (const [sector, volume] of volumes) bytes.set(volume, sector * SECTOR);
    await writeFile(disk, bytes);
  };
  const SFDISK = 'printf "label: dos\\n%s\\n" "$1" | sfdisk -q "$2"';

  it('with an MBR shows the FAT volume of a partition, logical ones too', async () => {
    for (const [table, start] of [
      [`start=64, size=${VOLUME_SECTORS}, type=e`, 64],
      [`start=64, size=2000, type=5\nstart=128, size=${VOLUME_SECTORS}, type=6`, 128],
    ] as const) {
      await make(SFDISK, table, 4096, [[start, fat]]);
      await using image = await openImage(disk);
      expect([image.tree.kind, image.volume.volumeId]).toEqual(['fat', 'INSIDE']);
      const { entries, codes } = await readAll(image);
      expect([[...entries.keys()], codes]).toEqual([['/', '/hello'], []]);
    }
  });

  it('with a GPT shows an HFS+ volume, and the EFI system partition beside it', async () => {
    const mac = buildHfsPlus('Mac', [{ parent: ROOT, id: 20, name: 'file', data: Buffer.from('x') }]);
    const table = `-n 1:64:+${VOLUME_SECTORS} -t 1:ef00 -n 2:2048:+200 -t 2:af00`;
    await make('sgdisk -a 1 $1 "$2"', table, 8192, [
      [64, fat],
      [2048, mac],
    ]);
    await using image = await openImage(disk);
    expect([image.tree.kind, image.tree.label]).toEqual(['hfsplus', 'Mac']);
    await using all = await openImage(disk, { tree: 'all' });
    const { entries } = await readAll(all);
    expect(entries.has('/hfsplus/file')).toBe(true);
    expect(entries.has('/partitions/gpt-1/hello')).toBe(true);
  });

  it.each([
    [MAX_FAT_VOLUMES, MAX_FAT_VOLUMES],
    [MAX_FAT_VOLUMES + 1, MAX_FAT_VOLUMES],
  ])('of %i FAT volumes shows %i', async (count, shown) => {
    const starts = Array.from({ length: count }, (_, i) => 64 + i * (VOLUME_SECTORS + 8));
    const table = starts.map((start, i) => `-n ${i + 1}:${start}:+${VOLUME_SECTORS - 1}`).join(' ');
    const volumes = starts.map((start) => [start, fat] as const);
    await make('sgdisk -a 1 $1 "$2"', table, 64 + count * (VOLUME_SECTORS + 8) + 64, volumes);
    await using image = await openImage(disk);
    expect(image.trees.map(({ kind }) => kind)).toEqual(Array<string>(shown).fill('fat'));
  });

  it('whose partitions hold nothing that is read is refused, and told so', async () => {
    await make(SFDISK, 'start=64, size=100, type=83\nstart=200, size=100, type=83', 1024, []);
    await expect(openImage(disk)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('none of its 2 partitions holds a file system that is read') as string,
    });
  });

  it('whose FAT volume contradicts itself is refused', async () => {
    const broken = Buffer.from(fat);
    broken.writeUInt16LE(77, 11);
    await make(SFDISK, `start=64, size=${VOLUME_SECTORS}, type=e`, 4096, [[64, broken]]);
    await expect(openImage(disk)).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe('a disc with an ISO 9660 file system and a FAT partition', () => {
  it('is what it was: only --tree all opens the partition', async () => {
    const image = Buffer.from(buildIso({ root: [{ name: 'A.;1' }] }));
    image.set([0x80, 0, 0, 0, 0xef], 446);
    image.writeUInt32LE(160, 454);
    image.writeUInt32LE(8, 458);
    image.set([0x55, 0xaa], 510);
    await using opened = await openBytes(image);
    expect(opened.trees.map(({ kind }) => kind)).toEqual(['iso9660']);
  });
});
