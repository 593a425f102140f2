// Discs with sound, served as drives, under the programs with which people read such discs: cdparanoia, icedax, cdrdao,
// libcdio and wodim, on a Linux kernel that is the initiator. What they print and copy is what the sheets say.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { checkRawSector } from '../../src/disc/raw-sector.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { noise } from '../support/builders/sound-disc.js';
import { GUEST_TEST_TIME, GUEST_NEEDS, findGuestKernel } from '../support/machines/guest.js';
import type { GuestResult } from '../support/machines/guest.js';
import { runGuestWithDrives } from '../support/machines/guest-with-drives.js';
import { needs } from '../support/needs.js';

const RAW = 2352;
const SECTOR = 2048;
const TOOLS = [
  ...['xorriso', 'genisoimage', 'iscsistart', 'cdparanoia', 'icedax', 'cdrdao', 'cd-info', 'cdda-player'],
  'wodim',
] as const;
const kernel = findGuestKernel();

/** Where tracks of the first disc begin, its lead-out last; 75 blocks before the second are its pause. */
const STARTS = [0, 675, 975, 1350];
const SHEET = `CATALOG 1234567890128
TITLE "An album"
PERFORMER "The band"
FILE "audio.bin" BINARY
  TRACK 01 AUDIO
    TITLE "First"
    PERFORMER "Singer"
    ISRC GBAYE6700153
    INDEX 01 00:00:00
    INDEX 02 00:03:00
  TRACK 02 AUDIO
    TITLE "Second"
    FLAGS DCP PRE
    INDEX 00 00:08:00
    INDEX 01 00:09:00
  TRACK 03 AUDIO
    TITLE "Third"
    ISRC GBAYE6700155
    INDEX 01 00:13:00
`;
/** Data, and sound behind a pause of two seconds. */
const MIXED_SOUND = 300;
const MIXED_SHEET = `FILE "sample.iso" BINARY
  TRACK 01 MODE1/2048
    INDEX 01 00:00:00
FILE "song.bin" BINARY
  TRACK 02 AUDIO
    INDEX 00 00:00:00
    INDEX 01 00:02:00
`;
/** Sound, and data in a second session, 11400 blocks behind the end of the first. */
const EXTRA_SOUND = 300;
const EXTRA_DATA = EXTRA_SOUND + 11_400;
const EXTRA_SHEET = `FILE "extra.bin" BINARY
  TRACK 01 AUDIO
    INDEX 01 00:00:00
REM SESSION 02
FILE "extra.iso" BINARY
  TRACK 02 MODE1/2048
    INDEX 01 00:00:00
`;

const script = (portal: string, target: string): string => `
mkdir -p /run/lock/iscsi /run/mnt ripped icedax
modprobe -a iscsi_tcp sr_mod isofs sg
iscsistart -i iqn.2026-11.test:guest -t ${target} -g 1 -a 10.0.2.2 -p ${portal} \\
  > login.txt 2>&1 || { cat login.txt; exit 11; }
for i in $(seq 200); do [ -b /dev/sr2 ] && break; sleep 0.1; done
for unit in 0 1 2; do wodim dev=/dev/sr$unit -toc > toc$unit.txt 2>&1 || exit 12; done
cd-info --no-cddb --no-device-info /dev/sr0 > cd-info.txt 2>&1 || exit 13
cdda-player -t 2 /dev/sr0 > player.txt 2>&1 && cdda-player -S /dev/sr0 >> player.txt 2>&1 || exit 14
cdda-player -s /dev/sr0 >> player.txt 2>&1 || exit 15
(cd ripped && cdparanoia -B -d /dev/sr0 > ../cdparanoia.txt 2>&1) || exit 16
(cd icedax && icedax -D /dev/sr0 -v all -B > ../icedax.txt 2>&1) || exit 17
cdrdao read-toc --device /dev/sr0 --driver generic-mmc read.toc > read-toc.txt 2>&1 || exit 18
cdrdao read-cd --device /dev/sr0 --driver generic-mmc --datafile audio.raw audio.toc > read-cd.txt 2>&1 || exit 19
cdrdao read-cd --read-raw --device /dev/sr1 --driver generic-mmc --datafile mixed.raw mixed.toc > mixed.txt 2>&1 || exit 20
mount -t iso9660 -o ro /dev/sr1 /run/mnt && diff -r tree /run/mnt && umount /run/mnt || exit 21
mount -t iso9660 -o ro /dev/sr2 /run/mnt && diff -r tree /run/mnt && umount /run/mnt || exit 22
`;

describe(
  `A served disc with sound under Linux' programs (needs QEMU, a kernel, ${TOOLS.join(', ')})`,
  needs(...GUEST_NEEDS, ...TOOLS),
  () => {
    let folder: string;
    let result: GuestResult;
    let data: Buffer;
    const sound = noise(STARTS.at(-1)! * RAW, 3);
    const song = noise((150 + MIXED_SOUND) * RAW, 4);
    const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const samplesOf = (track: number): Buffer =>
      sound.subarray(STARTS[track - 1]! * RAW, STARTS[track]! * RAW);

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'isodrive-sound-'));
      const { image, tree } = await makeSampleImage(folder, { large: 300_000, 'dir/small': 5 });
      data = await readFile(image);
      const extra = ['-C', `0,${EXTRA_DATA}`, '-R', '-V', 'EXTRA', '-o', join(folder, 'extra.iso'), tree];
      await mustRun('genisoimage', ['-quiet', ...extra]);
      const files = {
        ...{ 'audio.bin': sound, 'song.bin': song, 'extra.bin': noise(EXTRA_SOUND * RAW, 5) },
        ...{ 'audio.cue': SHEET, 'mixed.cue': MIXED_SHEET, 'extra.cue': EXTRA_SHEET },
      };
      for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
      await mkdir(join(folder, 'run'));
      const sheets = ['audio', 'mixed', 'extra'].map((name) => join(folder, `${name}.cue`));
      result = await runGuestWithDrives(kernel!, folder, sheets, script);
    }, GUEST_TEST_TIME);
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it('takes every command of theirs', () => {
      expect(result).toEqual({ status: 0, output: '' });
    });

    it('has the tracks of its sheet', () => {
      const tracks = (unit: number): string[][] =>
        [...text(`toc${unit}.txt`).matchAll(/track: *(\w+) lba: *(\d+) .* control: (\d)/g)].map((found) =>
          found.slice(1),
        );
      expect(tracks(0)).toEqual([
        ['1', '0', '0'],
        ['2', '675', '3'],
        ['3', '975', '0'],
        ['lout', '1350', '0'],
      ]);
      const blocks = data.length / SECTOR;
      expect(tracks(1)).toEqual([
        ['1', '0', '4'],
        ['2', `${blocks + 150}`, '0'],
        ['lout', `${blocks + 150 + MIXED_SOUND}`, '0'],
      ]);
      expect(tracks(2).slice(0, 2)).toEqual([
        ['1', '0', '0'],
        ['2', `${EXTRA_DATA}`, '4'],
      ]);
    });

    it('is for cd-info what its sheet is, and has its codes', async () => {
      const sheet = await mustRun('cd-info', [
        ...['--no-cddb', '--no-device-info'],
        `--cue-file=${join(folder, 'audio.cue')}`,
      ]);
      // Tracks and their flags without "Green?", which libcdio takes from another bit of drives than of sheets.
      const facts = (said: string): string[] =>
        said
          .split('\n')
          .filter((line) => /^ *\d+: \d|^Media|^CD-TEXT|^\t/.test(line))
          .map((line) => line.replace(/(audio +)(true|false) +/, '$1'));
      const said = text('cd-info.txt');
      expect(facts(said)).toEqual(facts(sheet.stdout.toString()));
      expect(facts(said)).toHaveLength(4 + 1 + 4 + 6);
      expect(said).toContain('Media Catalog Number (MCN): 1234567890128\n');
      expect(said).toContain('TRACK  1 ISRC: GBAYE6700153\nTRACK  3 ISRC: GBAYE6700155\n');
    });

    it('plays, to a player', () => {
      expect(text('player.txt')).toMatch(
        /^The band \/ An album\nSecond\ntrack +2 - .* drive state: playing\n/,
      );
    });

    it('is ripped by cdparanoia, sample for sample', async () => {
      for (const track of [1, 2, 3]) {
        const wav = await readFile(join(folder, 'ripped', `track0${track}.cdda.wav`));
        expect(wav.subarray(44).equals(samplesOf(track))).toBe(true);
      }
    });

    it('is ripped by icedax, sample for sample', async () => {
      for (const track of [1, 2, 3]) {
        const wav = await readFile(join(folder, 'icedax', `audio_0${track}.wav`));
        expect(wav.subarray(44).equals(samplesOf(track))).toBe(true);
        const about = text(join('icedax', `audio_0${track}.inf`));
        expect(about).toContain(`Tracktitle=\t'${['First', 'Second', 'Third'][track - 1]}'`);
        expect(about).toContain('MCN=\t\t1234567890128');
      }
    });

    it('tells cdrdao of pauses, indexes and codes, and is copied by it', async () => {
      const read = text('read.toc');
      expect(read).toContain('CATALOG "1234567890128"');
      expect(read).toMatch(/ISRC "GBAYE6700153"[^]*TITLE "First"[^]*INDEX 00:03:00[^]*COPY\nPRE_EMPHASIS/);
      expect(read).toMatch(/TITLE "Second"[^]*START 00:01:00[^]*ISRC "GBAYE6700155"[^]*TITLE "Third"/);
      // High bytes first.
      const copy = (await readFile(join(folder, 'audio.raw'))).swap16();
      expect(copy.equals(sound)).toBe(true);
    });

    it('of data and sound is copied by cdrdao in whole sectors', async () => {
      const copy = await readFile(join(folder, 'mixed.raw'));
      const blocks = data.length / SECTOR;
      expect(copy.length).toBe((blocks + MIXED_SOUND) * RAW);
      for (let block = 0; block < blocks; block += 1) {
        const sector = copy.subarray(block * RAW, (block + 1) * RAW);
        expect(checkRawSector(sector)).toMatchObject({ kind: 'mode 1', fault: undefined });
        expect(
          sector.subarray(16, 16 + SECTOR).equals(data.subarray(block * SECTOR, (block + 1) * SECTOR)),
        ).toBe(true);
      }
      const samples = Buffer.from(copy.subarray(blocks * RAW)).swap16();
      expect(samples.equals(song.subarray(150 * RAW))).toBe(true);
    });
  },
);
