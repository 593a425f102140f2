// A .bin file and its sheet of a disc in a drive, which is our own engine: equal to what the disc was made of, and read
// back as the same tracks.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Disc } from '../../../src/disc/disc.js';
import { openDriveImage } from '../../../src/drive/open-drive-image.js';
import { volumeMarks } from '../../../src/filesystem/choose/volume-marks.js';
import { encodeCdText } from '../../../src/drive/mmc/cd-text.js';
import { encodeMode1Sector } from '../../../src/disc/sector-code.js';
import { createCue, cuePaths, openTracksOf } from '../../../src/imaging/create-tracks/create-cue.js';
import type { CreateReport } from '../../../src/imaging/create/create-image.js';
import { OpticalDrive } from '../../../src/source/optical/optical-drive.js';
import {
  CATALOG,
  DATA_BLOCKS,
  ISRC,
  SECOND_INDEX,
  SOUND_BLOCKS,
  SOUND_PREGAP,
  SOUND_START,
  soundDisc,
} from '../../support/builders/sound-disc.js';
import type { SoundDisc } from '../../support/builders/sound-disc.js';
import { EngineDevice } from '../../support/fakes/engine-device.js';

const RAW = 2352;
let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'isodrive-cue-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Run {
  readonly device?: EngineDevice;
  readonly readOffset?: number;
  readonly force?: boolean;
  readonly retries?: number;
}

async function create(disc: Disc, run: Run = {}): Promise<CreateReport> {
  const { device = new EngineDevice(disc), readOffset = 0, force = false, retries = 1 } = run;
  await using opened = await openTracksOf(new OpticalDrive('/dev/test', device), readOffset);
  return await createCue(opened, cuePaths(join(folder, 'disc.cue'), undefined), {
    ...{ algorithms: ['sha256'], retries, force, schemaVersion: 1 },
    ...{ verify: false, preallocates: false, acceptErrors: false },
  });
}

/** Sectors of all tracks, one behind the other. */
function sectorsOf({ data, sound, xa }: SoundDisc): Buffer {
  const whole = Array.from({ length: DATA_BLOCKS }, (_, i) =>
    encodeMode1Sector(data.subarray(i * 2048, (i + 1) * 2048), i),
  );
  return Buffer.concat([...whole, sound, xa]);
}

const binary = (): Promise<Buffer> => readFile(join(folder, 'disc.bin'));

describe('An image of a disc with sound', () => {
  it('has every sector, and a sheet that says what the disc says', async () => {
    const made = soundDisc();
    const report = await create(made.disc);
    expect(report).toMatchObject({ finished: true, unreadable: [], differing: [], findings: [] });
    expect((await binary()).equals(sectorsOf(made))).toBe(true);
    const sheet = await readFile(join(folder, 'disc.cue'), 'utf8');
    expect(sheet.split('\r\n')).toEqual([
      'REM Read by isodrive from drive ISODRIVE Virtual disc',
      `CATALOG ${CATALOG}`,
      'CDTEXTFILE "disc.cdt"',
      'TITLE "An album"',
      'FILE "disc.bin" BINARY',
      '  TRACK 01 MODE1/2352',
      '    INDEX 01 00:00:00',
      '  TRACK 02 AUDIO',
      '    TITLE "First song"',
      '    PERFORMER "Somebody"',
      '    FLAGS DCP PRE',
      `    ISRC ${ISRC}`,
      '    INDEX 00 00:00:40',
      '    INDEX 01 00:00:70',
      '    INDEX 02 00:03:45',
      '  TRACK 03 AUDIO',
      '    TITLE "D\u00e9j\u00e0 vu, a song with a long title"',
      '    INDEX 01 00:04:70',
      'REM SESSION 02',
      '  TRACK 04 MODE2/2352',
      '    INDEX 01 00:06:20',
      '',
    ]);
    expect(await readFile(join(folder, 'disc.cdt'))).toEqual(Buffer.from(encodeCdText(made.disc)));
  });

  it('is opened as the disc that it was made of', async () => {
    const made = soundDisc();
    await create(made.disc);
    await using again = await openDriveImage(join(folder, 'disc.cue'), volumeMarks);
    const facts = ({ sessions, catalog }: Disc): unknown => ({
      catalog,
      tracks: sessions.map(({ tracks }) =>
        tracks.map(({ number, mode, start, length, pregap, indexes, isrc, preEmphasis, title }) => ({
          ...{ number, mode, start, length, pregap, indexes, isrc, preEmphasis, title },
        })),
      ),
    });
    expect(facts(again.disc)).toEqual(facts(made.disc));
    const bytes = Buffer.alloc(RAW);
    await again.disc.raw!.read(bytes, SECOND_INDEX * RAW);
    expect(bytes).toEqual(made.sound.subarray((SOUND_PREGAP + 200) * RAW, (SOUND_PREGAP + 201) * RAW));
  });

  it('has its samples moved by the offset of the drive, with silence behind them', async () => {
    const made = soundDisc();
    const report = await create(made.disc, { readOffset: 600 });
    expect(report.finished).toBe(true);
    const bytes = await binary();
    const [from, end] = [DATA_BLOCKS * RAW, DATA_BLOCKS * RAW + made.sound.length];
    expect(bytes.subarray(from, end - 2400).equals(made.sound.subarray(2400))).toBe(true);
    expect(bytes.subarray(end - 2400, end)).toEqual(Buffer.alloc(2400));
    expect(bytes.subarray(end).equals(made.xa)).toBe(true);
  });

  it('is put together of readings in which the drive marks different bytes', async () => {
    const made = soundDisc();
    const device = new EngineDevice(made.disc);
    let readings = 0;
    device.alter = (command, answer) => {
      if (command[0] !== 0xbe || (command[9]! & 2) === 0) return;
      const [block, count] = [Buffer.from(command).readUInt32BE(2), answer.length / 2646];
      const i = SOUND_START + 7 - block;
      if (i < 0 || i >= count) return;
      // Half of the sector is wrong in each, and marked.
      const half = readings % 2;
      readings += 1;
      const at = i * 2646;
      answer.fill(0, at + half * 1176, at + (half + 1) * 1176);
      answer.fill(0xff, at + RAW + half * 147, at + RAW + (half + 1) * 147);
    };
    const report = await create(made.disc, { device });
    expect(report).toMatchObject({ finished: true, unreadable: [], differing: [] });
    expect((await binary()).equals(sectorsOf(made))).toBe(true);
  });

  it('names sound that the drive gives differently the second time, and reads it again', async () => {
    const made = soundDisc();
    const device = new EngineDevice(made.disc);
    let reads = 0;
    device.alter = (command, answer) => {
      if (command[0] !== 0xbe || answer.length < 2646) return;
      const i = SOUND_START + 50 - Buffer.from(command).readUInt32BE(2);
      if (i < 0 || i >= answer.length / 2646) return;
      reads += 1;
      if (reads === 1) answer[i * 2646]! ^= 1;
    };
    const report = await create(made.disc, { device });
    expect(report.finished).toBe(false);
    const position = (DATA_BLOCKS + SOUND_PREGAP + 50) * RAW;
    expect(report.differing).toEqual([{ position, size: RAW }]);
    const again = await create(made.disc, { device });
    expect(again).toMatchObject({ finished: true, resumed: true });
    expect((await binary()).equals(sectorsOf(made))).toBe(true);
  });

  it('keeps data whose codes are wrong each time, and says so', async () => {
    const made = soundDisc();
    const device = new EngineDevice(made.disc);
    device.alter = (command, answer) => {
      if (command[0] !== 0xbe || answer.length < 2646) return;
      const i = 5 - Buffer.from(command).readUInt32BE(2);
      if (i >= 0 && i < answer.length / 2646) answer[i * 2646 + 2064]! ^= 1;
    };
    const report = await create(made.disc, { device });
    expect(report.finished).toBe(true);
    expect(report.findings.map(({ message }) => message)).toEqual([
      'Codes of 1 sectors of data are wrong, though the drive gave the same each time: blocks 5',
    ]);
  });

  it('is refused where the lead-in makes no sense', async () => {
    const { disc } = soundDisc();
    const device = new EngineDevice(disc);
    // The lead-out of the first session before its tracks; then no points at all.
    device.alter = (command, answer) => {
      if (command[0] === 0x43 && command[2] === 2) answer.fill(0, 4 + 2 * 11 + 8, 4 + 3 * 11);
    };
    await expect(create(disc, { device })).rejects.toMatchObject({ code: 'damaged' });
    device.alter = (command, answer) => {
      if (command[0] === 0x43 && command[2] === 2) answer.fill(0);
    };
    await expect(create(disc, { device })).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('is not written over another, nor over another sheet', async () => {
    const { disc } = soundDisc();
    await writeFile(join(folder, 'disc.cue'), 'mine');
    await expect(create(disc)).rejects.toMatchObject({ code: 'policy' });
    expect((await create(disc, { force: true })).finished).toBe(true);
  });

  it('of which sectors cannot be read is not finished, and names them', async () => {
    const made = soundDisc();
    const first = (SOUND_PREGAP + 20) * RAW;
    made.sources[1]!.bad = [first, first + 2 * RAW];
    const report = await create(made.disc);
    const position = (DATA_BLOCKS + SOUND_PREGAP + 20) * RAW;
    expect(report).toMatchObject({ finished: false, unreadable: [{ position, size: 2 * RAW }] });
    expect(report.size).toBe((DATA_BLOCKS + SOUND_PREGAP + SOUND_BLOCKS + 100 + 20) * RAW);
  });
});

it('finds pauses and indexes in subchannels of drives that give them in binary', async () => {
  const made = soundDisc();
  const device = new EngineDevice(made.disc);
  device.alter = (command, answer) => {
    if (command[0] !== 0xbe || command[10] !== 2) return;
    for (let at = 0; at < answer.length; at += 16)
      for (const i of [1, 2, 3, 4, 5, 7, 8, 9])
        answer[at + i] = (answer[at + i]! >> 4) * 10 + (answer[at + i]! & 15);
  };
  await create(made.disc, { device });
  const sheet = await readFile(join(folder, 'disc.cue'), 'utf8');
  expect(sheet).toContain('INDEX 00 00:00:40\r\n    INDEX 01 00:00:70\r\n    INDEX 02 00:03:45\r\n');
});
