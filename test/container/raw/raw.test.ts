// Raw sectors without a sheet: which are recognised, that their user data are those of the plain image, and what is
// refused.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { volumeMarks } from '../../../src/filesystem/choose/volume-marks.js';
import { openContainer } from '../../../src/container/open-container.js';
import { openFile } from '../../../src/image/file-content.js';
import { openImage, openSource } from '../../../src/image/open-image.js';
import { mustRun } from '../../../scripts/support/run-command.js';
import { buildIso } from '../../support/builders/iso-builder.js';
import type { RawKind } from '../../support/builders/raw-sectors.js';
import { wrapSectors } from '../../support/builders/raw-sectors.js';
import { makeSampleImage } from '../../support/builders/sample-image.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { needs } from '../../support/needs.js';

const PLAIN = Buffer.from(buildIso({ root: [{ name: 'F.;1', extent: 30, size: 2048 }] }));
const KINDS: readonly (readonly [string, RawKind])[] = [
  ['2352 bytes, mode 1', { mode: 'mode1' }],
  ['2352 bytes, mode 2 (CD-ROM XA)', { mode: 'xa' }],
  ['2368 bytes, mode 1', { mode: 'mode1', subchannel: 16 }],
  ['2448 bytes, mode 1', { mode: 'mode1', subchannel: 96 }],
  ['2448 bytes, mode 2 (CD-ROM XA)', { mode: 'xa', subchannel: 96 }],
  ['2336 bytes, mode 2 (CD-ROM XA)', { mode: 'xa', isHeadless: true }],
  ['2332 bytes, mode 2 (CD-ROM XA)', { mode: 'xa', isHeadless: true, isShort: true }],
];

/** The sequence of ECMA-130 Annex B, by its own definition: x^15 + x + 1 from 1, least significant bit first. */
function scramble(sector: Buffer): void {
  let register = 1;
  for (let i = 12; i < 2352; i += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      sector[i] = sector[i]! ^ ((register & 1) << bit);
      register = (register >> 1) | (((register ^ (register >> 1)) & 1) << 14);
    }
  }
}

describe('an image of raw sectors', () => {
  it.each(KINDS)('of %s is recognised, and gives the user data', async (storage, kind) => {
    const disc = await openContainer(new FaultySource(wrapSectors(PLAIN, kind)), volumeMarks);
    expect([disc.format, disc.storage]).toEqual(['raw', `sectors of ${storage}`]);
    expect(disc.sessions[0]!.tracks).toMatchObject([
      { number: 1, mode: kind.mode, start: 0, length: PLAIN.length / 2048 },
    ]);
    const bytes = Buffer.alloc(PLAIN.length);
    expect(await disc.data.read(bytes, 0)).toBe(PLAIN.length);
    expect(bytes.equals(PLAIN)).toBe(true);
    expect(disc.findings).toEqual([]);
  });

  it.each(KINDS.filter(([, { isHeadless }]) => isHeadless !== true))(
    'of %s gives whole sectors as well',
    async (_storage, kind) => {
      const disc = await openContainer(new FaultySource(wrapSectors(PLAIN, kind)), volumeMarks);
      const whole = wrapSectors(PLAIN, { mode: kind.mode });
      const bytes = Buffer.alloc(whole.length);
      expect(await disc.raw!.read(bytes, 0)).toBe(whole.length);
      expect(bytes.equals(whole)).toBe(true);
    },
  );

  it('that begins with the pause before its track counts from the track on', async () => {
    const pause = wrapSectors(Buffer.alloc(150 * 2048), { mode: 'mode1', start: -150 });
    const source = new FaultySource(Buffer.concat([pause, wrapSectors(PLAIN, { mode: 'mode1' })]));
    const disc = await openContainer(source, volumeMarks);
    expect(disc.sessions[0]!.tracks[0]).toMatchObject({ start: 0, length: PLAIN.length / 2048 });
    const bytes = Buffer.alloc(PLAIN.length);
    await disc.data.read(bytes, 0);
    expect(bytes.equals(PLAIN)).toBe(true);
  });

  it('that was cut from a disc lies where its headers say', async () => {
    const disc = await openContainer(
      new FaultySource(wrapSectors(PLAIN, { mode: 'mode1', start: 45_000 })),
      volumeMarks,
    );
    expect(disc.sessions[0]!.tracks[0]).toMatchObject({ start: 45_000 });
    const sector = Buffer.alloc(2048);
    await disc.data.read(sector, (45_000 + 16) * 2048);
    expect(sector.equals(PLAIN.subarray(16 * 2048, 17 * 2048))).toBe(true);
    await expect(disc.data.read(sector, 0)).rejects.toMatchObject({ code: 'damaged' });
  });

  it('is recognised though its first sectors cannot be read', async () => {
    const source = new FaultySource(wrapSectors(PLAIN, { mode: 'mode1' }));
    source.bad = [0, 5 * 2352];
    expect((await openContainer(source, volumeMarks)).format).toBe('raw');
  });

  it('is told to end within a sector, or to have no right code', async () => {
    const raw = wrapSectors(PLAIN, { mode: 'mode1' });
    const cut = await openContainer(new FaultySource(raw.subarray(0, raw.length - 100)), volumeMarks);
    expect(cut.findings).toMatchObject([{ code: 'partial-sector', at: { offset: raw.length - 2352 } }]);
    for (let at = 2064; at < raw.length; at += 2352) raw[at]! ^= 1;
    const wrong = await openContainer(new FaultySource(raw), volumeMarks);
    expect(wrong.findings).toMatchObject([{ code: 'wrong-sector-codes' }]);
  });

  it('is refused while it is scrambled', async () => {
    const raw = wrapSectors(PLAIN, { mode: 'mode1' });
    for (let at = 0; at < raw.length; at += 2352) scramble(raw.subarray(at, at + 2352));
    await expect(openContainer(new FaultySource(raw), volumeMarks)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('its sectors are scrambled') as string,
    });
  });

  it('is not seen in what repeats itself, as 2332 bytes with a sub-header do', async () => {
    const repeated = Buffer.alloc(100 * 2332);
    for (let at = 0; at < repeated.length; at += 2332)
      repeated.fill('\x01\x02\x08\x03', at, at + 2332, 'latin1');
    const partly = wrapSectors(PLAIN, { mode: 'xa', isHeadless: true, isShort: true });
    partly.fill(0x77, 0, 2332);
    for (const bytes of [repeated, partly]) {
      await expect(openContainer(new FaultySource(bytes), volumeMarks)).rejects.toMatchObject({
        code: 'unsupported',
      });
    }
  });

  it('of sound is refused, and its sheet is asked for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isodrive-sound-'));
    const path = join(folder, 'track.bin');
    writeFileSync(path, Buffer.alloc(50 * 2352, 0x5a));
    await expect(openImage(path)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(
        'sectors of 2352 bytes that hold no data, as those of sound',
      ) as string,
      action: expect.stringContaining('Open the sheet') as string,
    });
    rmSync(folder, { recursive: true });
  });

  it('is not seen in sound, or in bytes that say nothing', async () => {
    for (const fill of [0, 0xff, 0x5a]) {
      const bytes = Buffer.alloc(100 * 2352, fill);
      await expect(openContainer(new FaultySource(bytes), volumeMarks)).rejects.toMatchObject({
        code: 'unsupported',
      });
    }
  });
});

describe('an image of xorriso in raw sectors', needs('cd-read', 'xorriso'), () => {
  let folder = '';
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'isodrive-raw-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['mode 1', { mode: 'mode1' }, 'MODE1/2352', 'm1f1'],
    ['mode 2', { mode: 'xa' }, 'MODE2/2352', 'm2f1'],
  ] as const)('of %s gives the user data that libcdio gives', async (_mode, kind, declared, flag) => {
    const { image } = await makeSampleImage(folder, { 'one.bin': 100_001, 'two.bin': 2048 });
    const raw = wrapSectors(readFileSync(image), kind);
    writeFileSync(join(folder, 'x.bin'), raw);
    writeFileSync(
      join(folder, 'x.cue'),
      `FILE "x.bin" BINARY\n  TRACK 01 ${declared}\n    INDEX 01 00:00:00\n`,
    );
    const output = join(folder, 'sectors');
    const count = raw.length / 2352;
    const range = ['-s', '0', '-n', String(count)];
    await mustRun('cd-read', [`--cue-file=${join(folder, 'x.cue')}`, '-m', flag, ...range, '-o', output]);
    const disc = await openContainer(new FaultySource(raw), volumeMarks);
    const bytes = Buffer.alloc(count * 2048);
    await disc.data.read(bytes, 0);
    expect(bytes.equals(readFileSync(output))).toBe(true);
  });

  it('is listed and read as the tree it was made of', async () => {
    const { image, tree } = await makeSampleImage(folder, { 'one.bin': 100_001, 'two.bin': 2048 });
    await using opened = await openSource(new FaultySource(wrapSectors(readFileSync(image), { mode: 'xa' })));
    for (const name of ['one.bin', 'two.bin']) {
      const content = openFile(opened, await opened.index.resolve(`/${name}`));
      const bytes = Buffer.alloc(content.size);
      await content.read(bytes, 0);
      expect(bytes.equals(readFileSync(join(tree, name)))).toBe(true);
    }
  });
});
