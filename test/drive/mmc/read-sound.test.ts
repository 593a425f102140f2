// Reading a disc of data and sound: what READ CD gives of each kind of sector, its subchannels, and what READ refuses.
import { describe, expect, it } from 'vitest';
import { buildDisc } from '../../../src/container/build-disc.js';
import { storedSector } from '../../../src/container/stored-sector.js';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { checkRawSector } from '../../../src/disc/raw-sector.js';
import { execute } from '../../../src/drive/mmc/execute.js';
import { qChecksum } from '../../../src/drive/mmc/sub-channel-q.js';
import { readAnswer, TestDrive } from '../../support/fakes/drive.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import {
  CATALOG,
  DATA_BLOCKS,
  FIRST_LEAD_OUT,
  noise,
  SECOND_INDEX,
  SOUND_PREGAP,
  SOUND_START,
  soundDisc,
  XA_START,
} from '../../support/builders/sound-disc.js';

const RAW = 2352;
/** EXPECTED SECTOR TYPE. */
const ANY = 0;
const SOUND = 1;
const MODE_1 = 2;
const MODE_2 = 3;
const FORM_1 = 4;
const FORM_2 = 5;

interface Wanted {
  readonly type?: number;
  readonly main?: number;
  readonly sub?: number;
}

function readCd(block: number, count: number, { type = ANY, main = 0xf8, sub = 0 }: Wanted = {}): number[] {
  const address = [24, 16, 8, 0].map((shift) => (block >> shift) & 0xff);
  return [0xbe, type << 2, ...address, 0, count >> 8, count & 0xff, main, sub, 0];
}

const read10 = (block: number, count: number): number[] => [
  ...[0x28, 0, ...[24, 16, 8, 0].map((shift) => (block >> shift) & 0xff)],
  ...[0, count >> 8, count & 0xff, 0],
];

describe('READ CD of sound', () => {
  it('gives its samples, the pause before it among them', async () => {
    const { disc, sound } = soundDisc();
    const drive = new TestDrive(disc);
    const count = FIRST_LEAD_OUT - DATA_BLOCKS;
    expect((await drive.run(readCd(DATA_BLOCKS, count))).equals(sound)).toBe(true);
    for (const main of [0x10, 0xf8])
      expect(await drive.run(readCd(SOUND_START, 2, { type: SOUND, main }))).toEqual(
        sound.subarray(SOUND_PREGAP * RAW, (SOUND_PREGAP + 2) * RAW),
      );
  });

  it('ends where data begin, and is not begun where a kind is expected that is not there', async () => {
    const drive = new TestDrive(soundDisc().disc);
    expect(await drive.refusal(readCd(DATA_BLOCKS - 1, 2))).toBe('5/64/0');
    expect(await drive.refusal(readCd(SOUND_START, 1, { type: MODE_1 }))).toBe('5/64/0');
    expect(await drive.refusal(readCd(0, 1, { type: SOUND }))).toBe('5/64/0');
    expect(await drive.refusal(readCd(FIRST_LEAD_OUT - 1, 2))).toBe('5/64/0');
  });

  it('lies in the image as it is sent, unless something is sent beside it', () => {
    const { disc } = soundDisc();
    const { drive, nexus } = new TestDrive(disc);
    const imageOf = (cdb: readonly number[]): unknown =>
      execute({ cdb: Uint8Array.from(cdb), parameters: new Uint8Array(), drive, nexus, units: [0] }).image;
    const position = SOUND_START * RAW;
    expect(imageOf(readCd(SOUND_START, 2))).toEqual({ reader: disc.raw, position });
    expect(imageOf(readCd(SOUND_START, 2, { sub: 1 }))).toBeUndefined();
    expect(imageOf(readCd(XA_START, 2, { type: FORM_1 }))).toBeUndefined();
    expect(imageOf(readCd(FIRST_LEAD_OUT - 1, 2))).toBeUndefined();
  });

  it('sends what comes before the data, and then tells of them', async () => {
    const { disc, data } = soundDisc();
    const { drive, nexus } = new TestDrive(disc);
    const cdb = Uint8Array.from(read10(DATA_BLOCKS - 2, 4));
    const answer = execute({ cdb, parameters: new Uint8Array(), drive, nexus, units: [0] });
    expect(answer.length).toBe(4 * 2048);
    expect(await readAnswer(answer, 0, 4096)).toEqual(data.subarray(-4096));
    await expect(readAnswer(answer, 4096, 2048)).rejects.toThrow('5/64/00');
  });

  it('marks sectors that cannot be read, and gives the rest', async () => {
    const { disc, sound, sources } = soundDisc();
    const drive = new TestDrive(disc);
    sources[1]!.bad = [(SOUND_PREGAP + 1) * RAW + 100, (SOUND_PREGAP + 1) * RAW + 101];
    expect(await drive.refusal(readCd(SOUND_START, 3))).toBe('3/11/0');
    const marked = await drive.run(readCd(SOUND_START, 3, { main: 0xfa }));
    const size = RAW + 294;
    expect(marked.subarray(0, RAW)).toEqual(sound.subarray(SOUND_PREGAP * RAW, (SOUND_PREGAP + 1) * RAW));
    expect(marked.subarray(RAW, size)).toEqual(Buffer.alloc(294));
    expect(marked.subarray(size, size + RAW)).toEqual(Buffer.alloc(RAW));
    expect(marked.subarray(size + RAW, 2 * size)).toEqual(Buffer.alloc(294, 0xff));
    expect(marked.subarray(2 * size + RAW)).toEqual(Buffer.alloc(294));
  });

  it('is refused to READ, which gives user data alone', async () => {
    const { disc, data } = soundDisc();
    const drive = new TestDrive(disc);
    expect(await drive.refusal(read10(SOUND_START, 1))).toBe('5/64/0');
    expect(await drive.refusal([0xa8, ...read10(SOUND_START, 1).slice(1, 6), 0, 0, 0, 1, 0, 0])).toBe(
      '5/64/0',
    );
    expect(await drive.run(read10(0, DATA_BLOCKS))).toEqual(data);
  });
});

describe('READ CD of data', () => {
  it('makes whole sectors that their codes prove', async () => {
    const { disc, data } = soundDisc();
    const raw = await new TestDrive(disc).run(readCd(0, DATA_BLOCKS));
    for (let block = 0; block < DATA_BLOCKS; block += 1) {
      const sector = raw.subarray(block * RAW, (block + 1) * RAW);
      expect(checkRawSector(sector)).toEqual({ kind: 'mode 1', fault: undefined, isChecked: true });
      expect(sector.subarray(16, 2064)).toEqual(data.subarray(block * 2048, (block + 1) * 2048));
    }
  });

  it('gives whole sectors of mode 2 as the image has them, and makes form 1 of user data', async () => {
    const { disc, xa } = soundDisc();
    expect(await new TestDrive(disc).run(readCd(XA_START, 4))).toEqual(xa.subarray(0, 4 * RAW));
    const { raw, ...cooked } = disc;
    expect(raw).toBeDefined();
    const made = await new TestDrive(cooked).run(readCd(XA_START, 1, { type: FORM_1 }));
    expect(made).toEqual(xa.subarray(0, RAW));
  });

  it('adds sync and header to sectors of mode 2 that are stored without', async () => {
    const { xa } = soundDisc();
    const sectors = xa.length / RAW;
    const headless = Buffer.concat(
      Array.from({ length: sectors }, (_, i) => xa.subarray(i * RAW + 16, (i + 1) * RAW)),
    );
    const stored = { base: 0, offset: 0, sector: storedSector('xa', 2336) };
    const track = { number: 1, mode: 'xa', start: XA_START, length: sectors } as const;
    const disc = buildDisc({
      ...{ format: 'test', name: 'headless', bases: [new FaultySource(headless)] },
      sessions: [{ number: 1, tracks: [{ ...track, pieces: [{ sectors, stored }] }] }],
    });
    expect(await new TestDrive(disc).run(readCd(XA_START, sectors))).toEqual(xa);
    expect(await new TestDrive(disc).run(readCd(XA_START + 1, 1, { type: FORM_2, main: 0x10 }))).toEqual(
      xa.subarray(RAW + 24, 2 * RAW),
    );
  });

  // Parts by their place in a sector of 2352 bytes, and what is refused.
  it.each([
    ['mode 1', 0, MODE_1, { 0x10: [16, 2064], 0x18: [16, 2352], 0x20: [12, 16], 0x30: [12, 2064] }],
    ['mode 1', 0, MODE_1, { 0x38: [12, 2352], 0x50: [16, 2064], 0x70: [12, 2064], 0xa0: [0, 16] }],
    ['mode 1', 0, MODE_1, { 0xb0: [0, 2064], 0xb8: [0, 2352], 0xf8: [0, 2352], 0x28: undefined }],
    ['mode 1', 0, MODE_1, { 0x90: undefined, 0x98: undefined, 0xa8: undefined, 0x00: [0, 0] }],
    ['form 1', XA_START, FORM_1, { 0x10: [24, 2072], 0x18: [24, 2352], 0x20: [12, 16], 0x30: undefined }],
    ['form 1', XA_START, FORM_1, { 0x40: [16, 24], 0x50: [16, 2072], 0x58: [16, 2352], 0x60: [12, 24] }],
    ['form 1', XA_START, FORM_1, { 0x70: [12, 2072], 0xe0: [0, 24], 0xf0: [0, 2072], 0xb8: undefined }],
    ['form 2', XA_START + 1, FORM_2, { 0x10: [24, 2352], 0x18: [24, 2352], 0x50: [16, 2352] }],
    ['form 2', XA_START + 1, FORM_2, { 0x58: [16, 2352], 0x78: [12, 2352], 0xf8: [0, 2352], 0x40: [16, 24] }],
  ] as const)('sends the parts of %s at block %i that are chosen', async (_, block, type, parts) => {
    const drive = new TestDrive(soundDisc().disc);
    const whole = await drive.run(readCd(block, 1, { type }));
    for (const [main, range] of Object.entries(parts)) {
      const command = readCd(block, 1, { type, main: Number(main) });
      const wanted = range as readonly [number, number] | undefined;
      if (wanted === undefined) expect(await drive.refusal(command), main).toBe('5/24/0');
      else expect(await drive.run(command), main).toEqual(whole.subarray(...wanted));
    }
  });

  it('sends any kind of mode 2 where all give as many bytes, and else the one that is expected', async () => {
    const { disc, xa } = soundDisc();
    const drive = new TestDrive(disc);
    const both = await drive.run(readCd(XA_START, 2, { main: 0x58 }));
    expect(both).toEqual(Buffer.concat([xa.subarray(16, RAW), xa.subarray(RAW + 16, 2 * RAW)]));
    expect(await drive.run(readCd(XA_START, 1, { main: 0x10 }))).toEqual(xa.subarray(24, 2072));
    expect(await drive.refusal(readCd(XA_START, 2, { main: 0x10 }))).toBe('5/64/0');
    expect(await drive.refusal(readCd(XA_START, 2, { type: FORM_1 }))).toBe('5/64/0');
    expect(await drive.refusal(readCd(XA_START, 1, { type: MODE_2 }))).toBe('5/64/0');
  });

  it('of mode 2 without a form has 2336 bytes of user data', async () => {
    const { disc, xa } = soundDisc();
    const [, last] = disc.sessions;
    const track = { ...last!.tracks[0]!, mode: 'mode2' as const };
    const drive = new TestDrive({ ...disc, sessions: [disc.sessions[0]!, { ...last!, tracks: [track] }] });
    const data = await drive.run(readCd(XA_START, 1, { type: MODE_2, main: 0x10 }));
    expect(data).toEqual(xa.subarray(16, RAW));
  });
});

describe('Subchannels', () => {
  const Q = { main: 0, sub: 2 };
  const ALL = { main: 0, sub: 1 };
  const PACKS = { main: 0, sub: 4 };
  const place = async (drive: TestDrive, block: number): Promise<string> => {
    const q = await drive.run(readCd(block, 1, Q));
    expect(q.length).toBe(16);
    expect(q.readUInt16BE(10)).toBe(qChecksum(q));
    return `${q.toString('hex', 0, 10)} ${q[15]}`;
  };

  it('say where a block is, in its track and on the disc', async () => {
    const drive = new TestDrive(soundDisc().disc);
    expect(await place(drive, 0)).toBe('41010100000000000200 0');
    // The pause before track 2, in which P is 1.
    expect(await place(drive, DATA_BLOCKS)).toBe('31020000003000000240 128');
    expect(await place(drive, SOUND_START - 1)).toBe('31020000000100000269 128');
    expect(await place(drive, SOUND_START)).toBe('31020100000000000270 0');
    expect(await place(drive, SECOND_INDEX - 1)).toBe('31020100024900000544 0');
    expect(await place(drive, SECOND_INDEX)).toBe('31020200025000000545 0');
    expect(await place(drive, XA_START)).toMatch(/^410401000000/);
  });

  it('are read across the border of data and sound, but not between sessions', async () => {
    const drive = new TestDrive(soundDisc().disc);
    expect((await drive.run(readCd(DATA_BLOCKS - 1, 2, Q))).length).toBe(32);
    expect(await drive.refusal(readCd(FIRST_LEAD_OUT - 1, 2, Q))).toBe('5/64/0');
  });

  it('tell the catalogue number and the recording code of a track once in 100 blocks', async () => {
    const drive = new TestDrive(soundDisc().disc);
    const bytes = await drive.run(readCd(SOUND_START, 200, Q));
    const found = Array.from({ length: 200 }, (_, i) => bytes.subarray(16 * i, 16 * (i + 1)));
    for (const q of found) expect(q.readUInt16BE(10)).toBe(qChecksum(q));
    const catalogs = found.filter((q) => q[0] === 0x32);
    expect(catalogs.map((q) => q.toString('hex', 1, 9))).toEqual([`${CATALOG}000`, `${CATALOG}000`]);
    const codes = found.filter((q) => q[0] === 0x33);
    // GBAYE: 17 + 6, 17 + 1, 17 + 0, 17 + 24, 17 + 4, six bits each; then the digits.
    const letters = [23, 18, 17, 41, 21].map((value) => value.toString(2).padStart(6, '0')).join('');
    const front = Number.parseInt(`${letters}00`, 2).toString(16);
    expect(codes.map((q) => q.toString('hex', 1, 9))).toEqual([`${front}67001530`, `${front}67001530`]);
  });

  it('come with the eight bits of a byte, and behind the other parts', async () => {
    const { disc, sound } = soundDisc();
    const drive = new TestDrive(disc);
    const bytes = await drive.run(readCd(SOUND_START - 1, 1, { main: 0xfa, sub: 1 }));
    expect(bytes.length).toBe(RAW + 294 + 96);
    expect(bytes.subarray(0, RAW)).toEqual(sound.subarray((SOUND_PREGAP - 1) * RAW, SOUND_PREGAP * RAW));
    const q = await drive.run(readCd(SOUND_START - 1, 1, Q));
    for (const [i, byte] of bytes.subarray(RAW + 294).entries())
      expect(byte).toBe(0x80 | (((q[i >> 3]! >> (7 - (i & 7))) & 1) << 6));
  });

  it('are those of the image where it has them, in either order, and made where it has not', async () => {
    const { disc } = soundDisc();
    const made = await new TestDrive(disc).run(readCd(SOUND_START, 2, ALL));
    const stored = noise(96 * (SOUND_START + 1), 9);
    const stream = PlanStream.plain(new FaultySource(stored));
    const drive = new TestDrive({ ...disc, subchannel: { stream, form: 'interleaved' } });
    const got = await drive.run(readCd(SOUND_START, 2, ALL));
    expect(got.subarray(0, 96)).toEqual(stored.subarray(SOUND_START * 96));
    expect(got.subarray(96)).toEqual(made.subarray(96));
    const linear = Buffer.alloc(96);
    for (let bit = 0; bit < 768; bit += 1) {
      const [channel, i] = [Math.floor(bit / 96), bit % 96];
      const value = (stored[SOUND_START * 96 + i]! >> (7 - channel)) & 1;
      linear[channel * 12 + (i >> 3)]! |= value << (7 - (i & 7));
    }
    const beside = PlanStream.plain(
      new FaultySource(Buffer.concat([Buffer.alloc(96 * SOUND_START), linear])),
    );
    const other = new TestDrive({ ...disc, subchannel: { stream: beside, form: 'linear' } });
    expect(await other.run(readCd(SOUND_START, 1, ALL))).toEqual(stored.subarray(SOUND_START * 96));
    const q = await other.run(readCd(SOUND_START, 1, Q));
    expect(q.subarray(0, 12)).toEqual(linear.subarray(12, 24));
  });

  it('R to W are packs put together of the eight that they are spread over', async () => {
    const { disc } = soundDisc();
    // As a writer spreads them: some symbols change places, and each waits for as many packs as its place mod 8 says.
    const blocks = 10;
    const packs = Array.from({ length: blocks * 4 }, (_, i) => noise(24, i + 50).map((byte) => byte & 0x3f));
    const spread = Buffer.alloc(blocks * 96);
    const swaps = new Map([1, 18, 2, 5, 3, 23].map((from, i, all) => [from, all[i ^ 1]!]));
    for (const [number, pack] of packs.entries())
      for (const [i, symbol] of pack.entries()) {
        const at = swaps.get(i) ?? i;
        const target = (number + (at % 8)) * 24 + at;
        if (target < spread.length) spread[target] = symbol | 0xc0;
      }
    const stream = PlanStream.plain(new FaultySource(spread));
    const drive = new TestDrive({ ...disc, subchannel: { stream, form: 'interleaved' } });
    expect(await drive.run(readCd(0, 4, PACKS))).toEqual(Buffer.concat(packs.slice(0, 16)));
    expect(await new TestDrive(disc).run(readCd(0, 2, PACKS))).toEqual(Buffer.alloc(192));
  });
});
