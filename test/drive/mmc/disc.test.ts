// What the drive says of its disc: table of contents, disc and track information, structures, profiles and features.
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { runSegment } from '../../../src/disc/read-plan.js';
import { describe, expect, it } from 'vitest';
import type { Disc } from '../../../src/disc/disc.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { patternedBytes, plainDisc, TestDrive } from '../../support/fakes/drive.js';

const IMAGE = patternedBytes(300 * 2048);
const drive = (blocks?: number): TestDrive => new TestDrive(plainDisc(new FaultySource(IMAGE), blocks));
const DVD_BLOCKS = 400_000;
const BD_BLOCKS = 5_000_000;

/** Two sessions, of one track and of two. */
function twoSessions(): Disc {
  const disc = plainDisc(new FaultySource(IMAGE));
  const track = (number: number, start: number, length: number) =>
    ({ number, mode: 'mode1', start, length }) as const;
  const segments = [
    runSegment(0, 100 * 2048, 0, 0),
    { kind: 'zeros', start: 100 * 2048, length: 11_400 * 2048 },
    runSegment(11_500 * 2048, 100 * 2048, 0, 100 * 2048),
  ] as const;
  return {
    ...disc,
    data: new PlanStream('two sessions', segments, disc.data.bases),
    sessions: [
      { number: 1, tracks: [track(1, 0, 100)] },
      { number: 2, tracks: [track(2, 11_500, 50), track(3, 11_550, 50)] },
    ],
  };
}

const toc = (format: number, options: { time?: boolean; from?: number; length?: number } = {}): number[] => {
  const { time = false, from = 0, length = 500 } = options;
  return [0x43, time ? 2 : 0, format, 0, 0, 0, from, length >> 8, length & 0xff, 0];
};

describe('READ TOC', () => {
  it('lists the tracks and the lead-out, by block and by time', async () => {
    expect((await drive().run(toc(0))).toString('hex')).toBe('001201010014010000000000' + '0014aa000000012c');
    expect((await drive().run(toc(0, { time: true }))).toString('hex')).toBe(
      '001201010014010000000200' + '0014aa0000000600',
    );
  });

  it('starts where it is told, and refuses a track that is not there', async () => {
    expect((await drive().run(toc(0, { from: 0xaa }))).toString('hex')).toBe('000a01010014aa000000012c');
    expect(await drive().refusal(toc(0, { from: 2 }))).toBe('5/24/0');
  });

  it('is cut off at the allocation length, and says its whole length', async () => {
    expect((await drive().run(toc(0, { length: 4 }))).toString('hex')).toBe('00120101');
  });

  it('knows sessions', async () => {
    const multi = new TestDrive(twoSessions());
    expect((await multi.run(toc(1))).toString('hex')).toBe('000a010200140200' + '00002cec');
    const raw = await multi.run(toc(2));
    const points = Array.from({ length: (raw.length - 4) / 11 }, (_, i) => [
      raw[4 + 11 * i],
      raw[7 + 11 * i],
    ]);
    expect(points).toEqual([
      [1, 0xa0],
      [1, 0xa1],
      [1, 0xa2],
      [1, 1],
      [2, 0xa0],
      [2, 0xa1],
      [2, 0xa2],
      [2, 2],
      [2, 3],
    ]);
  });

  it('has the format in the last byte for old initiators', async () => {
    expect((await drive().run([0x43, 0, 0, 0, 0, 0, 0, 0, 12, 0x40])).toString('hex')).toBe(
      '000a01010014010000000000',
    );
  });

  it('has nothing to say of program memory and CD-TEXT, and refuses ATIP', async () => {
    expect((await drive().run(toc(3))).toString('hex')).toBe('00020000');
    expect((await drive().run(toc(5))).toString('hex')).toBe('00020000');
    expect(await drive().refusal(toc(4))).toBe('5/24/0');
    expect(await drive(DVD_BLOCKS).refusal(toc(2))).toBe('5/24/0');
  });
});

describe('A disc', () => {
  it('is closed, with as many sessions and tracks as the image has', async () => {
    const multi = new TestDrive(twoSessions());
    const info = await multi.run([0x51, 0, 0, 0, 0, 0, 0, 0, 34, 0]);
    expect(info.subarray(0, 9).toString('hex')).toBe('00200e010202032000');
    const track = await multi.run([0x52, 1, 0, 0, 0, 2, 0, 0, 48, 0]);
    expect([track[2], track[3], track.readUInt32BE(8), track.readUInt32BE(24)]).toEqual([2, 2, 11_500, 50]);
    expect((await multi.run([0x52, 0, 0, 0, 0, 99, 0, 0, 48, 0]))[2]).toBe(1);
    expect((await multi.run([0x52, 2, 0, 0, 0, 2, 0, 0, 48, 0]))[2]).toBe(2);
    expect(await multi.refusal([0x52, 1, 0, 0, 0, 4, 0, 0, 48, 0])).toBe('5/24/0');
    expect(await multi.refusal([0x52, 0, 0, 0, 0x2d, 0x50, 0, 0, 48, 0])).toBe('5/21/0');
  });

  it('is not read between its sessions', async () => {
    const multi = new TestDrive(twoSessions());
    expect(await multi.run([0x28, 0, 0, 0, 0, 99, 0, 0, 1, 0])).toEqual(
      IMAGE.subarray(99 * 2048, 100 * 2048),
    );
    expect(await multi.refusal([0x28, 0, 0, 0, 0, 99, 0, 0, 2, 0])).toBe('5/64/0');
    expect(await multi.refusal([0x28, 0, 0, 0, 0, 100, 0, 0, 1, 0])).toBe('5/64/0');
    expect(await multi.refusal([0xbe, 0, 0, 0, 0, 100, 0, 0, 1, 0xf8, 0, 0])).toBe('5/64/0');
  });

  it.each([
    ['a CD', undefined, 0x08, [0x1e, 0x100, 0x103, 0x105, 0x108]],
    ['a DVD', DVD_BLOCKS, 0x10, [0x1f, 0x100, 0x105, 0x107, 0x108]],
    ['a Blu-ray disc', BD_BLOCKS, 0x40, [0x40, 0x100, 0x105, 0x107, 0x108]],
  ])('is %s by its size', async (_, blocks, profile, features) => {
    const configuration = await drive(blocks).run([0x46, 1, 0, 0, 0, 0, 0, 4, 0, 0]);
    expect(configuration.readUInt32BE(0)).toBe(configuration.length - 4);
    expect(configuration.readUInt16BE(6)).toBe(profile);
    expect(listFeatures(configuration)).toEqual([0, 1, 2, 3, 0x10, 0x1d, ...features]);
  });

  it('that is a DVD has a physical format', async () => {
    const structure = await drive(DVD_BLOCKS).run([0xad, 0, 0, 0, 0, 0, 0, 0, 8, 4, 0, 0]);
    expect(structure.length).toBe(2052);
    expect(structure.readUIntBE(4 + 5, 3)).toBe(0x3_0000);
    expect(structure.readUIntBE(4 + 9, 3)).toBe(0x3_0000 + DVD_BLOCKS - 1);
    expect(await drive().refusal([0xad, 0, 0, 0, 0, 0, 0, 0, 8, 4, 0, 0])).toBe('5/64/0');
    expect(await drive(DVD_BLOCKS).refusal([0xad, 0, 0, 0, 0, 0, 0, 0x99, 8, 4, 0, 0])).toBe('5/24/0');
  });

  it('of more than one layer has two, read there and back', async () => {
    const blocks = 4_000_000;
    const structure = await drive(blocks).run([0xad, 0, 0, 0, 0, 0, 1, 0, 0, 21, 0, 0]);
    expect(structure[4 + 2]).toBe(0x31);
    const lastOfFirstLayer = structure.readUIntBE(4 + 13, 3);
    const onFirst = lastOfFirstLayer - 0x3_0000 + 1;
    const onSecond = structure.readUIntBE(4 + 9, 3) - (0xff_ffff - lastOfFirstLayer) + 1;
    expect([onFirst, onSecond]).toEqual([2_000_000, 2_000_000]);
    expect(await drive(DVD_BLOCKS).refusal([0xad, 0, 0, 0, 0, 0, 1, 0, 0, 21, 0, 0])).toBe('5/24/0');
  });

  it('has a position, but neither catalogue number nor recording code', async () => {
    const position = await drive().run([0x42, 2, 0x40, 1, 0, 0, 0, 0, 16, 0]);
    expect(position.toString('hex')).toBe('0015000c' + '01140101' + '00000200' + '00000000');
    expect((await drive().run([0x42, 0, 0x40, 2, 0, 0, 0, 0, 24, 0])).toString('hex')).toBe(
      '0015001402' + '00'.repeat(19),
    );
    expect(await drive().refusal([0x42, 0, 0x40, 3, 0, 0, 9, 0, 24, 0])).toBe('5/24/0');
  });

  it('has one speed from end to end', async () => {
    const performance = await drive().run([0xac, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
    expect(performance.readUInt32BE(0)).toBe(20);
    expect(performance.readUInt32BE(16)).toBe(299);
    expect(await drive().refusal([0xac, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 0])).toBe('5/24/0');
  });

  it('tells which speed was set', async () => {
    const tried = drive();
    const speed = async (): Promise<number> =>
      (await tried.run([0x1a, 0, 0x2a, 0, 255, 0])).readUInt16BE(4 + 14);
    const best = await speed();
    await tried.run([0xbb, 0, 0x02, 0xc4, 0xff, 0xff, 0, 0, 0, 0, 0, 0]);
    expect(await speed()).toBe(0x02c4);
    await tried.run([0xbb, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0]);
    expect(await speed()).toBe(best);
  });

  it('grants every speed of streaming, and refuses one that makes no sense', async () => {
    const command = [0xb6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28, 0];
    const wanted = (first: number, last: number): Buffer => {
      const descriptor = Buffer.alloc(28);
      descriptor.writeUInt32BE(first, 4);
      descriptor.writeUInt32BE(last, 8);
      return descriptor;
    };
    expect(await drive().refusal(command, wanted(0, 299))).toBe('good');
    expect(await drive().refusal(command, wanted(300, 299))).toBe('5/26/0');
    expect(await drive().refusal(command, wanted(0, 299).subarray(1))).toBe('5/1a/0');
    expect(await drive().refusal(command.with(8, 5), wanted(0, 299))).toBe('5/24/0');
  });
});

function listFeatures(configuration: Buffer): number[] {
  const codes: number[] = [];
  for (let at = 8; at < configuration.length; at += 4 + configuration[at + 3]!)
    codes.push(configuration.readUInt16BE(at));
  return codes;
}
