// Whole sectors of images that hold less of them: byte for byte what stood on the disc, an error for what is not known.
import { describe, expect, it } from 'vitest';
import { buildDisc } from '../../src/container/build-disc.js';
import { storedSector } from '../../src/container/stored-sector.js';
import type { SectorBytes } from '../../src/container/stored-sector.js';
import { DiscStreams } from '../../src/disc/disc-streams.js';
import type { Disc, TrackMode } from '../../src/disc/disc.js';
import { completeRaw } from '../../src/disc/made-sectors.js';
import { checkRawSector } from '../../src/disc/raw-sector.js';
import { parseHeader } from '../../src/disc/sector-address.js';
import { FaultySource } from '../support/fakes/faulty-source.js';
import { makeDisc, makeNoise } from '../support/builders/made-disc.js';
import { wrapSectors } from '../support/builders/raw-sectors.js';

const RAW = 2352;
const PLAIN = Buffer.from(makeNoise(37, 5).subarray(0, 40 * 2048));

async function readAll(disc: Disc): Promise<Buffer> {
  const raw = completeRaw(disc)!;
  const bytes = Buffer.alloc(raw.size);
  expect(await raw.read(bytes, 0)).toBe(bytes.length);
  return bytes;
}

/** A track that is stored in a form of its own. */
function discOf(bytes: Buffer, mode: TrackMode, form: SectorBytes): { disc: Disc; source: FaultySource } {
  const source = new FaultySource(bytes);
  const sectors = Math.floor(bytes.length / form);
  const pieces = [{ sectors, stored: { base: 0, offset: 0, sector: storedSector(mode, form) } }];
  const track = { number: 1, mode, start: 0, length: sectors, pieces };
  const sessions = [{ number: 1, tracks: [track] }];
  return { disc: buildDisc({ format: 'test', name: 'x', bases: [source], sessions }), source };
}

describe('sectors that are made', () => {
  it.each(['mode1', 'xa'] as const)('of 2048 bytes are those of the disc: %s', async (mode) => {
    const { disc } = makeDisc([{ data: PLAIN, mode, isCooked: true }]);
    expect(disc.raw).toBeUndefined();
    expect((await readAll(disc)).equals(wrapSectors(PLAIN, { mode }))).toBe(true);
  });

  it('of 2336 bytes keep all that is stored', async () => {
    const whole = wrapSectors(PLAIN, { mode: 'xa' });
    // A sector of form 2, of which no code could be made from 2048 bytes.
    whole.fill(0xa5, 3 * RAW + 24, 4 * RAW);
    whole.set([0, 0, 0x28, 0, 0, 0, 0x28, 0], 3 * RAW + 16);
    const headless = Buffer.concat(
      Array.from({ length: 40 }, (_, i) => whole.subarray(i * RAW + 16, (i + 1) * RAW)),
    );
    for (const mode of ['xa', 'mode2'] as const)
      expect((await readAll(discOf(headless, mode, 2336).disc)).equals(whole)).toBe(true);
  });

  it('stand beside those that are stored, each with its own address', async () => {
    const sound = makeNoise(20, 3);
    const { disc, file } = makeDisc([
      { data: PLAIN, isCooked: true },
      { sound, pregap: 150, isPauseMade: true },
      { data: PLAIN, mode: 'xa' },
    ]);
    const bytes = await readAll(disc);
    expect(bytes.subarray(0, 40 * RAW).equals(wrapSectors(PLAIN, { mode: 'mode1' }))).toBe(true);
    expect(bytes.subarray(40 * RAW, 190 * RAW).equals(Buffer.alloc(150 * RAW))).toBe(true);
    expect(bytes.subarray(190 * RAW).equals(file.subarray(PLAIN.length))).toBe(true);
  });

  it('are an empty sector where a sheet asks for a pause of data', async () => {
    const pause = { data: PLAIN, pregap: 150, isPauseMade: true, isCooked: true } as const;
    const bytes = await readAll(makeDisc([{ sound: makeNoise(5, 1) }, pause]).disc);
    const sector = bytes.subarray(100 * RAW, 101 * RAW);
    expect(checkRawSector(sector)).toEqual({ kind: 'mode 1', fault: undefined, isChecked: true });
    expect(parseHeader(sector.subarray(12))).toEqual({ block: 100, mode: 1 });
  });

  it.each([
    ['form 2 of 2324 bytes', 'xa', 2324],
    ['form 2 of 2328 bytes', 'xa', 2328],
    ['mode 2 without a form, in 2048 bytes', 'mode2', 2048],
  ] as const)('are none of %s: an error', async (_what, mode, form) => {
    const { disc } = discOf(Buffer.alloc(form * 4, 7), mode, form);
    await expect(completeRaw(disc)!.read(Buffer.alloc(16), 0)).resolves.toBe(0);
  });

  it('fail one by one where the medium does', async () => {
    const { disc, source } = makeDisc([{ data: PLAIN, isCooked: true }]);
    source.bad = [10 * 2048, 10 * 2048 + 1];
    const raw = completeRaw(disc)!;
    await expect(raw.read(Buffer.alloc(RAW), 10 * RAW)).rejects.toThrow('EIO');
    await expect(raw.read(Buffer.alloc(20 * RAW), 0)).rejects.toThrow('EIO');
    const sector = Buffer.alloc(RAW);
    await raw.read(sector, 11 * RAW);
    expect(checkRawSector(sector).fault).toBeUndefined();
  });

  it('are none of a disc that is too large for a CD', () => {
    const { disc } = discOf(PLAIN, 'mode1', 2048);
    const [session] = disc.sessions;
    const track = { ...session!.tracks[0]!, length: 449_851 };
    const sessions = [{ number: 1, tracks: [track] }];
    expect(completeRaw({ ...disc, sessions })).toBeUndefined();
    const stored = makeDisc([{ data: PLAIN }]).disc;
    expect(completeRaw({ ...stored, sessions })).toBe(stored.raw);
  });

  it('are planned for native code in units of one sector, beside the file', () => {
    const { disc, source } = makeDisc([{ data: PLAIN, isCooked: true }]);
    Object.assign(source, { base: { descriptor: 7, absent: [] } });
    const plan = new DiscStreams({ ...disc, raw: completeRaw(disc)! }).native!;
    expect(plan.descriptors).toEqual([7]);
    expect(plan.units).toMatchObject([{ unitBytes: RAW, filler: 'script' }]);
    expect(plan.streams.get(1)).toMatchObject([{ kind: 'bytes', base: 1, length: 40 * RAW }]);
  });
});
