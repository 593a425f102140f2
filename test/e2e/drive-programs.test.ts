// Served drives under the programs with which people look at drives: sg3-utils, dvd+rw-tools, wodim, cdrdao, libcdio
// and udev, on a Linux kernel that is the initiator. A disc of each kind, by its size; one boot for all.
import { copyFile, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATA_OFFSET, RAW_SECTOR_SIZE, SYNC_LENGTH } from '../../src/disc/sector-parity.js';
import { GUEST_TEST_TIME, GUEST_NEEDS, findGuestKernel } from '../support/machines/guest.js';
import type { GuestResult } from '../support/machines/guest.js';
import { runGuestWithDrives } from '../support/machines/guest-with-drives.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const SECTOR = 2048;
const CDROM_ID = '/usr/lib/udev/cdrom_id';
const TOOLS = [
  ...['xorriso', 'iscsistart', CDROM_ID],
  ...['sg_inq', 'sg_raw', 'dvd+rw-mediainfo', 'wodim', 'readom', 'cdrdao', 'cd-info'],
] as const;
const kernel = findGuestKernel();
/** Units in this order; blocks of each but the first, which is as long as its files want. */
const UNITS = ['cd', 'dvd', 'two-layers', 'blu-ray'] as const;
const BLOCKS = { dvd: 2_000_000, 'two-layers': 4_000_000, 'blu-ray': 11_000_000 };

const script = (portal: string, target: string): string => `
mkdir -p /run/lock/iscsi
modprobe -a iscsi_tcp sr_mod isofs
iscsistart -i iqn.2026-11.test:guest -t ${target} -g 1 -a 10.0.2.2 -p ${portal} \\
  > login.txt 2>&1 || { cat login.txt; exit 11; }
for i in $(seq 200); do [ -b /dev/sr3 ] && break; sleep 0.1; done
unit=0
for name in ${UNITS.join(' ')}; do
  device=/dev/sr$unit; unit=$((unit + 1))
  sg_inq --page=sn $device > $name.serial && sg_get_config $device > $name.features || exit 12
  ${CDROM_ID} $device > $name.udev || exit 13
  dvd+rw-mediainfo $device > $name.media 2> $name.complaints
done
sg_modes --all /dev/sr0 > modes.txt && sg_luns /dev/sr0 > units.txt || exit 14
# A performance descriptor for all blocks, and one that ends before it starts.
head -c 28 /dev/zero > all; { printf '\\0\\0\\0\\0\\1'; head -c 23 /dev/zero; } > none
sg_raw --send=28 --infile=all /dev/sr1 b6 0 0 0 0 0 0 0 0 0 1c 0 > streaming.txt 2>&1 || exit 15
sg_raw --send=28 --infile=none /dev/sr1 b6 0 0 0 0 0 0 0 0 0 1c 0 > refused.txt 2>&1; echo $? > refused
wodim dev=/dev/sr0 -toc > toc.txt 2>&1 || exit 16
cd-info --no-cddb /dev/sr0 > cd-info.txt 2>&1 || exit 17
cdrdao read-cd --read-raw --datafile raw.bin --device /dev/sr0 --driver generic-mmc raw.toc > cdrdao.txt 2>&1 || exit 18
readom dev=/dev/sr0 f=readom.iso > readom.txt 2>&1 || exit 19
`;

describe(
  `A served drive under Linux' programs for drives (needs QEMU, a kernel, ${TOOLS.join(', ')})`,
  needs(...GUEST_NEEDS, ...TOOLS),
  () => {
    let folder: string;
    let image: Buffer;
    let result: GuestResult;
    const text = (name: string): string => readFileSync(join(folder, name), 'utf8');

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'isodrive-programs-'));
      const sample = await makeSampleImage(folder, { large: 1_000_000, 'dir/small': 5 });
      image = await readFile(sample.image);
      const paths = [sample.image];
      for (const [name, blocks] of Object.entries(BLOCKS)) {
        const path = join(folder, `${name}.iso`);
        await copyFile(sample.image, path);
        await truncate(path, blocks * SECTOR);
        paths.push(path);
      }
      result = await runGuestWithDrives(kernel!, folder, paths, script);
    }, GUEST_TEST_TIME);
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it('takes every command of theirs', () => {
      expect(result).toEqual({ status: 0, output: '' });
    });

    it('has a serial number of its own', () => {
      const serials = UNITS.map(
        (name) => /Unit serial number: ([0-9a-f]{16})\n/.exec(text(`${name}.serial`))?.[1],
      );
      expect(new Set(serials).size).toBe(UNITS.length);
      expect(serials).not.toContain(undefined);
    });

    it.each([
      ['cd', 'CD-ROM', 'CD read', 'ID_CDROM_MEDIA_CD=1'],
      ['dvd', 'DVD-ROM', 'Real time streaming', 'ID_CDROM_MEDIA_DVD=1'],
      ['two-layers', 'DVD-ROM', 'DVD read', 'ID_CDROM_MEDIA_DVD=1'],
      ['blu-ray', 'BD-ROM', 'BD read', 'ID_CDROM_MEDIA_BD=1'],
    ])('with a disc of kind %s is a drive with a %s', (name, profile, feature, udev) => {
      expect(text(`${name}.features`)).toContain(`Current profile: ${profile}\n`);
      expect(text(`${name}.features`)).toMatch(
        new RegExp(`${feature} feature\\n +version=\\d, persist=0, current=1`),
      );
      expect(text(`${name}.features`)).toMatch(/serial number.*\n.*\n? +.*[0-9a-f]{16}/i);
      expect(text(`${name}.udev`)).toContain(`${udev}\n`);
    });

    it('tells where its discs end', () => {
      expect(text('dvd.media')).toContain(`Legacy lead-out at:    ${BLOCKS.dvd}*2KB=`);
      // That of the first layer.
      expect(text('two-layers.media')).toContain(`Legacy lead-out at:    ${BLOCKS['two-layers'] / 2}*2KB=`);
      expect(text('blu-ray.media')).toContain(`READ CAPACITY:          ${BLOCKS['blu-ray']}*2048=`);
      expect(text('toc.txt')).toContain('first: 1 last 1\n');
      expect(text('toc.txt')).toMatch(new RegExp(`track:lout lba: +${image.length / SECTOR} `));
    });

    it('has the pages and units that it should have', () => {
      expect(text('modes.txt')).toContain('MM capabilities and mechanical status');
      expect(text('units.txt')).toContain('imples 4 lun entries');
    });

    it('grants speeds, but no range that ends before it starts', () => {
      expect(text('streaming.txt')).toContain('SCSI Status: Good');
      expect(text('refused.txt')).toContain('Invalid field in parameter list');
      expect(Number(text('refused'))).toBeGreaterThan(0);
    });

    it('shows its file system', () => {
      expect(text('cd-info.txt')).toMatch(/CD-ROM with ISO 9660 filesystem/);
      expect(text('cd-info.txt')).toContain('label `SAMPLE ');
    });

    it('is copied bit for bit, by user data and by whole sectors', async () => {
      expect((await readFile(join(folder, 'readom.iso'))).equals(image)).toBe(true);
      const raw = await readFile(join(folder, 'raw.bin'));
      expect(raw.length).toBe((image.length / SECTOR) * RAW_SECTOR_SIZE);
      const userData = Buffer.alloc(image.length);
      for (let sector = 0; sector * SECTOR < image.length; sector += 1) {
        const from = sector * RAW_SECTOR_SIZE;
        raw.copy(userData, sector * SECTOR, from + DATA_OFFSET, from + DATA_OFFSET + SECTOR);
        // Minute, second and frame in BCD, from 00:02:00 on (ECMA-130).
        const frames = sector + 150;
        const address = [Math.floor(frames / 4500), Math.floor(frames / 75) % 60, frames % 75];
        const written = address.map((value) => Number.parseInt(String(value), 16));
        expect([...raw.subarray(from + SYNC_LENGTH, from + SYNC_LENGTH + 3)]).toEqual(written);
      }
      expect(userData.equals(image)).toBe(true);
    });
  },
);
