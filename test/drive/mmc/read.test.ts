// Reading a disc through the drive: every READ, READ CD with its parts, capacities, and what is refused.
import { describe, expect, it } from 'vitest';
import { execute } from '../../../src/drive/mmc/execute.js';
import { CheckCondition, encodeSense } from '../../../src/drive/mmc/sense.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { patternedBytes, plainDisc, TestDrive, readAnswer } from '../../support/fakes/drive.js';

const IMAGE = patternedBytes(20 * 2048);
const drive = (): TestDrive => new TestDrive(plainDisc(new FaultySource(IMAGE)));
const blocks = (from: number, count: number): Buffer => IMAGE.subarray(from * 2048, (from + count) * 2048);

describe('READ', () => {
  it.each([
    ['6', [0x08, 0, 0, 3, 2, 0]],
    ['10', [0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0]],
    ['12', [0xa8, 0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0]],
    ['16', [0x88, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0]],
  ])('(%s) gives the blocks', async (_, cdb) => {
    expect(await drive().run(cdb)).toEqual(blocks(3, 2));
  });

  it('(6) of length 0 is 256 blocks', async () => {
    const large = new TestDrive(plainDisc(new FaultySource(patternedBytes(256 * 2048))));
    expect((await large.run([0x08, 0, 0, 0, 0, 0])).length).toBe(256 * 2048);
  });

  it('of no blocks gives nothing, up to the end of the disc and not beyond', async () => {
    expect(await drive().refusal([0x28, 0, 0, 0, 0, 20, 0, 0, 0, 0])).toBe('good');
    expect(await drive().refusal([0x28, 0, 0, 0, 0, 21, 0, 0, 0, 0])).toBe('5/21/0');
  });

  it('beyond the end is refused, and nothing is read', async () => {
    const source = new FaultySource(IMAGE);
    const refusing = new TestDrive(plainDisc(source));
    expect(await refusing.refusal([0x28, 0, 0, 0, 0, 19, 0, 0, 2, 0])).toBe('5/21/0');
    expect(await refusing.refusal([0x88, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 1, 0, 0])).toBe(
      '5/21/0',
    );
    expect(source.reads).toEqual([]);
  });

  it('with protection information is refused', async () => {
    expect(await drive().refusal([0x28, 0x20, 0, 0, 0, 0, 0, 0, 1, 0])).toBe('5/24/0');
  });

  it('of a sector that the image cuts off is filled with zeros', async () => {
    const cut = new TestDrive(plainDisc(new FaultySource(IMAGE.subarray(0, 3 * 2048 + 5))));
    const last = await cut.run([0x28, 0, 0, 0, 0, 3, 0, 0, 1, 0]);
    expect(last).toEqual(Buffer.concat([IMAGE.subarray(3 * 2048, 3 * 2048 + 5), Buffer.alloc(2043)]));
  });

  it('of a bad medium is a medium error with the address', async () => {
    const source = new FaultySource(IMAGE);
    source.bad = [5 * 2048, 5 * 2048 + 1];
    const bad = new TestDrive(plainDisc(source));
    const data = execute({
      cdb: Uint8Array.of(0x28, 0, 0, 0, 0, 4, 0, 0, 4, 0),
      parameters: new Uint8Array(),
      drive: bad.drive,
      nexus: bad.nexus,
      units: [0],
    });
    expect(await readAnswer(data, 0, 2048)).toEqual(blocks(4, 1));
    const failure = await readAnswer(data, 2048, 2048).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(CheckCondition);
    const sense = Buffer.from(encodeSense((failure as CheckCondition).sense));
    expect([sense[0], sense[2], sense.readUInt32BE(3), sense[12]]).toEqual([0xf0, 3, 5, 0x11]);
  });
});

describe('READ CD', () => {
  const command = (main: number, sub = 0, type = 0): number[] => [
    0xbe,
    type << 2,
    0,
    0,
    0,
    3,
    0,
    0,
    2,
    main,
    sub,
    0,
  ];

  it('gives the user data alone', async () => {
    expect(await drive().run(command(0x10))).toEqual(blocks(3, 2));
  });

  it('makes whole sectors with sync and header', async () => {
    const raw = await drive().run(command(0xf8));
    expect(raw.length).toBe(2 * 2352);
    // Block 3 stands 00:02:03 behind the start; numbers are in decimal digits.
    expect(raw.subarray(0, 16).toString('hex')).toBe('00ffffffffffffffffffff0000020301');
    expect(raw.subarray(2352 + 12, 2352 + 16).toString('hex')).toBe('00020401');
    expect(raw.subarray(16, 16 + 2048)).toEqual(blocks(3, 1));
  });

  it('can be read in pieces of any size', async () => {
    const { drive: state, nexus } = drive();
    const cdb = Uint8Array.from(command(0xf8, 2));
    const data = execute({ cdb, parameters: new Uint8Array(), drive: state, nexus, units: [0] });
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < data.length; at += 1000) {
      pieces.push(await readAnswer(data, at, Math.min(1000, data.length - at)));
    }
    expect(Buffer.concat(pieces)).toEqual(await readAnswer(data));
  });

  it('adds error pointers and the Q sub-channel', async () => {
    const bytes = await drive().run(command(0x10 | 2, 2));
    expect(bytes.length).toBe(2 * (2048 + 294 + 16));
    const q = bytes.subarray(2048 + 294, 2048 + 294 + 16);
    // Data track 1, index 1, 00:00:03 in the track, 00:02:03 on the disc.
    expect(q.subarray(0, 10).toString('hex')).toBe('41010100000300000203');
  });

  it('marks all bytes of a sector that the image lacks, and fails for whoever wants no marks', async () => {
    const source = new FaultySource(IMAGE);
    source.bad = [4 * 2048, 5 * 2048];
    const damaged = new TestDrive(plainDisc(source));
    const [good, bad] = [0, 1].map((i) => (raw: Buffer) => raw.subarray(i * 2646, (i + 1) * 2646));
    const raw = await damaged.run(command(0xf8 | 2));
    expect(good!(raw).subarray(2352)).toEqual(Buffer.alloc(294));
    expect(good!(raw).subarray(16, 16 + 2048)).toEqual(blocks(3, 1));
    expect(bad!(raw).subarray(2352)).toEqual(Buffer.alloc(294, 0xff));
    // Neither data nor a code that would prove them.
    expect(bad!(raw).subarray(16, 2352)).toEqual(Buffer.alloc(2336));
    expect(await damaged.refusal(command(0xf8))).toBe('3/11/0');
  });

  it('by time gives the same sectors, the end not included', async () => {
    expect(await drive().run([0xb9, 0, 0, 0, 2, 3, 0, 2, 5, 0x10, 0, 0])).toEqual(blocks(3, 2));
    expect(await drive().refusal([0xb9, 0, 0, 0, 2, 75, 0, 2, 76, 0x10, 0, 0])).toBe('5/24/0');
    expect(await drive().refusal([0xb9, 0, 0, 0, 0, 0, 0, 0, 1, 0x10, 0, 0])).toBe('5/21/0');
  });

  it('of sound where there is none, of what is no selection, and of a DVD is refused', async () => {
    expect(await drive().refusal(command(0x10, 0, 1))).toBe('5/64/0');
    expect(await drive().refusal(command(0x10, 3))).toBe('5/24/0');
    const dvd = new TestDrive(plainDisc(new FaultySource(IMAGE), 400_000));
    expect(await dvd.refusal(command(0xf8))).toBe('5/64/0');
    expect(await dvd.run(command(0x10))).toEqual(blocks(3, 2));
  });
});

describe('READ CAPACITY', () => {
  it('says the last block and the block size', async () => {
    expect((await drive().run([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0])).toString('hex')).toBe('0000001300000800');
    const long = await drive().run([0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0]);
    expect(long.subarray(0, 12).toString('hex')).toBe('000000000000001300000800');
    expect(long.length).toBe(32);
  });

  it('refuses an address without PMI', async () => {
    expect(await drive().refusal([0x25, 0, 0, 0, 0, 1, 0, 0, 0, 0])).toBe('5/24/0');
  });
});
