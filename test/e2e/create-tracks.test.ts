// `create /dev/sr0 disc.cue` in a guest, whose drive is one that we serve: by Linux's CD-ROM layer and SG_IO.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkRawSector } from '../../src/disc/raw-sector.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { noise } from '../support/builders/sound-disc.js';
import { GUEST_TEST_TIME, GUEST_NEEDS, findGuestKernel } from '../support/machines/guest.js';
import type { GuestResult } from '../support/machines/guest.js';
import { runGuestWithDrives } from '../support/machines/guest-with-drives.js';
import { needs } from '../support/needs.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');
const RAW = 2352;
const SECTOR = 2048;
const TOOLS = ['xorriso', 'iscsistart'] as const;
const kernel = findGuestKernel();
/** Sectors of sound: a pause of two seconds, a track, a pause of one, and another track. */
const SOUND = 150 + 250 + 75 + 125;

const SHEET = `CATALOG 1234567890128
TITLE "An album"
FILE "sample.iso" BINARY
  TRACK 01 MODE1/2048
    INDEX 01 00:00:00
FILE "songs.bin" BINARY
  TRACK 02 AUDIO
    TITLE "First"
    PERFORMER "Singer"
    ISRC GBAYE6700153
    INDEX 00 00:00:00
    INDEX 01 00:02:00
    INDEX 02 00:04:00
  TRACK 03 AUDIO
    TITLE "Second"
    FLAGS DCP PRE
    INDEX 00 00:05:25
    INDEX 01 00:06:25
`;

const script = (portal: string, target: string): string => `
mkdir -p /run/lock/iscsi
modprobe -a iscsi_tcp sr_mod
iscsistart -i iqn.2026-11.test:guest -t ${target} -g 1 -a 10.0.2.2 -p ${portal} \\
  > login.txt 2>&1 || { cat login.txt; exit 11; }
for i in $(seq 200); do [ -b /dev/sr0 ] && break; sleep 0.1; done
node ${MAIN} create /dev/sr0 copy.cue > create.txt || exit 12
`;

describe(
  `An image of a disc with sound, read by Linux (needs QEMU, a kernel, ${TOOLS.join(', ')})`,
  needs(...GUEST_NEEDS, ...TOOLS),
  () => {
    let folder: string;
    let result: GuestResult;
    let data: Buffer;
    const sound = noise(SOUND * RAW, 8);
    const text = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'isodrive-tracks-'));
      data = await readFile((await makeSampleImage(folder, { small: 5 })).image);
      await writeFile(join(folder, 'songs.bin'), sound);
      const sheet = join(folder, 'disc.cue');
      await writeFile(sheet, SHEET);
      result = await runGuestWithDrives(kernel!, folder, [sheet], script);
    }, GUEST_TEST_TIME);
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it('is made, and compared with the disc', async () => {
      expect(result).toEqual({ status: 0, output: '' });
      expect(await text('create.txt')).toMatch(
        /copy\.cue: .* compared with the source: the same, all sectors read\n$/,
      );
    });

    it('has every sector, data with codes that prove them', async () => {
      const copy = await readFile(join(folder, 'copy.bin'));
      const blocks = data.length / SECTOR;
      expect(copy.subarray(blocks * RAW).equals(sound)).toBe(true);
      for (let block = 0; block < blocks; block += 1) {
        const sector = copy.subarray(block * RAW, (block + 1) * RAW);
        expect(checkRawSector(sector)).toMatchObject({ kind: 'mode 1', fault: undefined });
        const user = data.subarray(block * SECTOR, (block + 1) * SECTOR);
        expect(sector.subarray(16, 16 + SECTOR).equals(user)).toBe(true);
      }
    });

    it('has a sheet that says what the sheet of the disc says', async () => {
      const facts = (sheet: string): string[] =>
        sheet.split(/\r?\n/).filter((line) => /^ *(CATALOG|TITLE|PERFORMER|FLAGS|ISRC) /.test(line));
      const copy = await text('copy.cue');
      expect(facts(copy).sort()).toEqual(facts(SHEET).sort());
      const blocks = data.length / SECTOR;
      const times = [blocks, blocks + 150, blocks + 300, blocks + 400, blocks + 475].map((frames) =>
        [Math.floor(frames / 4500), Math.floor(frames / 75) % 60, frames % 75]
          .map((value) => String(value).padStart(2, '0'))
          .join(':'),
      );
      const found = [...copy.matchAll(/INDEX (\d\d) (\S+)/g)].map(([, index, time]) => `${index} ${time}`);
      expect(found).toEqual([
        '01 00:00:00',
        ...[`00 ${times[0]}`, `01 ${times[1]}`, `02 ${times[2]}`],
        ...[`00 ${times[3]}`, `01 ${times[4]}`],
      ]);
    });
  },
);
