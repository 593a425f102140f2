// What the drive says of a disc of data and sound in two sessions.
import { describe, expect, it } from 'vitest';
import { crcOf } from '../../../src/base/crc16.js';
import { encodeCdText } from '../../../src/drive/mmc/cd-text.js';
import { TestDrive } from '../../support/fakes/drive.js';
import {
  CATALOG,
  DATA_BLOCKS,
  FIRST_LEAD_OUT,
  ISRC,
  LAST_SOUND_START,
  SECOND_INDEX,
  SOUND_BLOCKS,
  SOUND_START,
  soundDisc,
  XA_BLOCKS,
  XA_START,
} from '../../support/builders/sound-disc.js';

const toc = (format: number, from = 0, time = false): number[] => [
  0x43,
  time ? 2 : 0,
  format,
  0,
  0,
  0,
  from,
  8,
  0,
  0,
];
const drive = (): TestDrive => new TestDrive(soundDisc().disc);
const PACK = 18;

describe('The table of contents of a disc with sound', () => {
  it('tells sound from data, by bits of control', async () => {
    const bytes = await drive().run(toc(0));
    const entries = Array.from({ length: 5 }, (_, i) => {
      const at = 4 + 8 * i;
      return [bytes[at + 1], bytes[at + 2], bytes.readUInt32BE(at + 4)];
    });
    expect([...bytes.subarray(0, 4)]).toEqual([0, 42, 1, 4]);
    expect(entries).toEqual([
      [0x14, 1, 0],
      [0x13, 2, SOUND_START],
      [0x10, 3, LAST_SOUND_START],
      [0x14, 4, XA_START],
      [0x14, 0xaa, XA_START + XA_BLOCKS],
    ]);
  });

  it('names the last session, and all of its points', async () => {
    const session = await drive().run(toc(1));
    expect(session.toString('hex')).toBe(`000a010200140400${XA_START.toString(16).padStart(8, '0')}`);
    const raw = await drive().run(toc(2));
    const points = Array.from({ length: (raw.length - 4) / 11 }, (_, i) =>
      raw.subarray(4 + 11 * i, 15 + 11 * i),
    );
    const time = (block: number): number[] => {
      const frames = block + 150;
      return [Math.floor(frames / 4500), Math.floor(frames / 75) % 60, frames % 75];
    };
    expect(points.map((point) => [point[0], point[1], point[3], ...point.subarray(8)])).toEqual([
      [1, 0x14, 0xa0, 1, 0, 0],
      [1, 0x10, 0xa1, 3, 0, 0],
      [1, 0x10, 0xa2, ...time(FIRST_LEAD_OUT)],
      [1, 0x14, 1, ...time(0)],
      [1, 0x13, 2, ...time(SOUND_START)],
      [1, 0x10, 3, ...time(LAST_SOUND_START)],
      [2, 0x14, 0xa0, 4, 0x20, 0],
      [2, 0x14, 0xa1, 4, 0, 0],
      [2, 0x14, 0xa2, ...time(XA_START + XA_BLOCKS)],
      [2, 0x14, 4, ...time(XA_START)],
    ]);
  });

  it('ends a session where the image says that its lead-out is', async () => {
    const { disc } = soundDisc();
    const sessions = disc.sessions.map((one) => ({ ...one, leadOut: one.tracks.at(-1)!.start + 500 }));
    const extended = new TestDrive({ ...disc, sessions });
    expect((await extended.run([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0])).readUInt32BE(0)).toBe(XA_START + 499);
    expect(await extended.refusal([0xbe, 0, ...address(LAST_SOUND_START + 499), 0, 0, 1, 0xf8, 0, 0])).toBe(
      '3/11/0',
    );
    expect(await extended.refusal([0xbe, 0, ...address(LAST_SOUND_START + 500), 0, 0, 1, 0xf8, 0, 0])).toBe(
      '5/64/0',
    );
  });
});

const address = (block: number): number[] => [24, 16, 8, 0].map((shift) => (block >> shift) & 0xff);

describe('CD-TEXT', () => {
  const read = async (tested: TestDrive): Promise<Buffer[]> => {
    const bytes = (await tested.run(toc(5))).subarray(4);
    return Array.from({ length: bytes.length / PACK }, (_, i) => bytes.subarray(i * PACK, (i + 1) * PACK));
  };
  const textsOf = (packs: readonly Buffer[], kind: number): string[] =>
    Buffer.concat(packs.filter(([one]) => one === kind).map((pack) => pack.subarray(4, 16)))
      .toString('latin1')
      .replace(/\0+$/, '')
      .split('\0');

  it('is made of titles and performers, numbered and with codes that fit', async () => {
    const packs = await read(drive());
    expect(packs.map((pack) => pack[2])).toEqual(packs.map((_, i) => i));
    for (const pack of packs) expect(pack.readUInt16BE(16)).toBe(crcOf(pack, 0, 16) ^ 0xffff);
    expect(textsOf(packs, 0x80)).toEqual([
      'An album',
      '',
      'First song',
      'D\u00e9j\u00e0 vu, a song with a long title',
    ]);
    expect(textsOf(packs, 0x81)).toEqual(['', '', 'Somebody']);
    // The pack that goes on with a title says how much of it stood before.
    expect(packs.slice(0, 4).map((pack) => [pack[1], pack[3]])).toEqual([
      [0, 0],
      [2, 2],
      [3, 3],
      [3, 15],
    ]);
    const sizes = Buffer.concat(packs.slice(-3).map((pack) => pack.subarray(4, 16)));
    const counts = [0x80, 0x81].map((kind) => packs.filter(([one]) => one === kind).length);
    expect([...sizes.subarray(0, 6)]).toEqual([0, 1, 4, 0, ...counts]);
    expect([sizes[4 + 15], sizes[20], sizes[28]]).toEqual([3, packs.length - 1, 9]);
  });

  it('is that of the image where it has packs, and nothing where it has neither these nor titles', async () => {
    const cdText = Buffer.alloc(2 * PACK + 5, 7);
    expect(await read(new TestDrive(soundDisc({ cdText }).disc))).toEqual([
      cdText.subarray(0, PACK),
      cdText.subarray(PACK, 2 * PACK),
    ]);
    const uncoded = Buffer.from(cdText).fill(0, 16, PACK);
    const [coded] = await read(new TestDrive(soundDisc({ cdText: uncoded }).disc));
    expect(coded!.readUInt16BE(16)).toBe(crcOf(cdText, 0, 16) ^ 0xffff);
    const { disc } = soundDisc();
    const bare = { ...disc, title: '', sessions: [{ number: 1, tracks: [disc.sessions[0]!.tracks[0]!] }] };
    expect((await new TestDrive(bare).run(toc(5))).toString('hex')).toBe('00020000');
  });

  it('has a question mark for what its characters lack, and leaves out what does not fit', () => {
    const track = { ...soundDisc().disc.sessions[0]!.tracks[1]!, title: 'x', performer: 'y'.repeat(40) };
    const tracks = Array.from({ length: 99 }, (_, i) => ({ ...track, number: i + 1 }));
    const packs = encodeCdText({ ...soundDisc().disc, title: '\u732b', sessions: [{ number: 1, tracks }] });
    expect(packs.length % PACK).toBe(0);
    expect(packs[4]).toBe(0x3f);
    const kinds = new Set(Array.from({ length: packs.length / PACK }, (_, i) => packs[i * PACK]));
    expect([...kinds]).toEqual([0x80, 0x8f]);
  });
});

describe('A disc with sound', () => {
  it('is a CD of its kind, with tracks of their modes', async () => {
    const tested = drive();
    const info = await tested.run([0x51, 0, 0, 0, 0, 0, 0, 0, 34, 0]);
    expect(info.subarray(3, 9).toString('hex')).toBe('010204042000');
    const modes = [1, 2, 3, 4].map(async (number) => {
      const bytes = await tested.run([0x52, 1, 0, 0, 0, number, 0, 0, 48, 0]);
      return [bytes[3], bytes[5], bytes[6], bytes.readUInt32BE(8), bytes.readUInt32BE(24)];
    });
    expect(await Promise.all(modes)).toEqual([
      [1, 4, 1, 0, DATA_BLOCKS],
      [1, 3, 15, SOUND_START, SOUND_BLOCKS],
      [1, 0, 15, LAST_SOUND_START, FIRST_LEAD_OUT - LAST_SOUND_START],
      [2, 4, 2, XA_START, XA_BLOCKS],
    ]);
  });

  it('is a CD however large it is, and a DVD where the image says so', async () => {
    const { disc } = soundDisc();
    const profile = async (one: typeof disc): Promise<number> =>
      (await new TestDrive(one).run([0x46, 0, 0, 0, 0, 0, 0, 0, 8, 0])).readUInt16BE(6);
    const [data, sound] = disc.sessions[0]!.tracks;
    const long = { ...sound!, start: SOUND_START, length: 400_000 };
    const only = { format: 'test', data: disc.data };
    expect(await profile({ ...only, sessions: [{ number: 1, tracks: [data!, long] }] })).toBe(0x08);
    expect(await profile({ ...only, medium: 'dvd', sessions: [{ number: 1, tracks: [data!] }] })).toBe(0x10);
  });

  it('has a catalogue number, and recording codes of tracks that have them', async () => {
    const tested = drive();
    const catalog = await tested.run([0x42, 0, 0x40, 2, 0, 0, 0, 0, 24, 0]);
    expect(catalog.subarray(8).toString('latin1')).toBe(`\x80${CATALOG}\0\0`);
    const code = await tested.run([0x42, 0, 0x40, 3, 0, 0, 2, 0, 24, 0]);
    expect(code.subarray(4, 8).toString('hex')).toBe('03130200');
    expect(code.subarray(8).toString('latin1')).toBe(`\x80${ISRC}\0\0\0`);
    expect((await tested.run([0x42, 0, 0x40, 3, 0, 0, 3, 0, 24, 0]))[8]).toBe(0);
  });
});

describe('Playing sound', () => {
  const BLOCK_TIME = 1000 / 75;
  const position = [0x42, 2, 0x40, 1, 0, 0, 0, 0, 16, 0];
  const play = (start: number, length: number): number[] => [
    0x45,
    0,
    ...address(start),
    0,
    length >> 8,
    length & 0xff,
    0,
  ];

  function player(): { tested: TestDrive; wait: (blocks: number) => void; status: () => Promise<number> } {
    let now = 0;
    const tested = new TestDrive(soundDisc().disc, () => now);
    return {
      tested,
      wait: (blocks) => (now += blocks * BLOCK_TIME + 1),
      status: async () => (await tested.run(position))[1]!,
    };
  }

  it('moves on in time, pauses, goes on, and ends once', async () => {
    const { tested, wait, status } = player();
    expect(await status()).toBe(0x15);
    await tested.run(play(SOUND_START, 250));
    wait(210);
    const during = await tested.run(position);
    expect(during[1]).toBe(0x11);
    // Track 2, index 2; 00:02:60 in the track, and as much more on the disc as it starts later.
    expect(during.subarray(5, 8).toString('hex')).toBe('130202');
    expect([...during.subarray(12)]).toEqual([0, 0, 2, 60]);
    expect(SECOND_INDEX).toBeLessThan(SOUND_START + 210);
    await tested.run([0x4b, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    wait(1000);
    expect(await status()).toBe(0x12);
    await tested.run([0x4b, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    expect(await status()).toBe(0x11);
    wait(45);
    expect([await status(), await status()]).toEqual([0x13, 0x15]);
    expect(await tested.refusal([0x4b, 0, 0, 0, 0, 0, 0, 0, 1, 0])).toBe('5/2c/0');
  });

  it('takes times, longer lengths, and where it is as its start', async () => {
    const { tested, wait, status } = player();
    await tested.run([0x47, 0, 0, 0, 2, SOUND_START, 0, 6, 0, 0]);
    expect(await status()).toBe(0x11);
    wait(10);
    await tested.run([0xa5, 0, 255, 255, 255, 255, 0, 0, 0, 5, 0, 0]);
    wait(1);
    expect((await tested.run(position)).subarray(12).toString('hex')).toBe('0000000b');
    await tested.run([0x4e, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(await status()).toBe(0x15);
    await tested.run([0x47, 0, 0, 255, 255, 255, 0, 6, 0, 0]);
    expect(await status()).toBe(0x11);
  });

  it('of data is refused, fails where data begins, and ends with the disc', async () => {
    const { tested, wait, status } = player();
    expect(await tested.refusal(play(0, 10))).toBe('5/64/0');
    expect(await tested.refusal(play(XA_START + XA_BLOCKS, 1))).toBe('5/21/0');
    expect(await tested.refusal(play(0, 0))).toBe('good');
    await tested.run(play(FIRST_LEAD_OUT - 5, 10));
    wait(5);
    expect(await status()).toBe(0x14);
    await tested.run(play(SOUND_START, 10));
    await tested.run([0x1b, 0, 0, 0, 0, 0]);
    expect(await status()).toBe(0x15);
    await tested.run(play(SOUND_START, 10));
    tested.drive.setTray(true);
    tested.drive.setTray(false);
    tested.nexus.takeAttention();
    expect((await tested.run(position)).subarray(1, 8).toString('hex')).toBe('15000c01140101');
  });

  it('has volumes that can be set', async () => {
    const { tested } = player();
    const page = await tested.run([0x5a, 0, 0x0e, 0, 0, 0, 0, 0, 24, 0]);
    page[8 + 9] = 0x40;
    page.fill(0, 0, 2);
    expect(await tested.refusal([0x55, 0x10, 0, 0, 0, 0, 0, 0, 24, 0], page)).toBe('good');
    expect((await tested.run([0x5a, 0, 0x0e, 0, 0, 0, 0, 0, 24, 0]))[8 + 9]).toBe(0x40);
  });
});
