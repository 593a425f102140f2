// View `image`: what its files hold, that they are what other programs write of the same disc, and that the disc they
// describe is the one they were made of.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import type { Disc } from '../../../src/disc/disc.js';
import { ROOT_ROW } from '../../../src/index/index-table.js';
import { openImage, openSource } from '../../../src/image/open-image.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { walkRows } from '../../../src/image/walk-rows.js';
import { buildIso } from '../../support/builders/iso-builder.js';
import { makeDisc, makeNoise, openDiscOf } from '../../support/builders/made-disc.js';
import type { MadeDisc } from '../../support/builders/made-disc.js';
import { wrapSectors } from '../../support/builders/raw-sectors.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { readFileContent } from '../../support/judges/file-content.js';
import { needs } from '../../support/needs.js';

const RAW = 2352;
const PLAIN = Buffer.from(
  buildIso({ root: [{ name: 'F.;1', extent: 30, size: 2048 }], sectors: { 30: Buffer.alloc(2048, 'f') } }),
);
const FIRST = makeNoise(200, 1);
const SECOND = makeNoise(77, 2);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isodrive-image-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function namesOf(image: OpenedImage): Promise<string[]> {
  const rows: number[] = [];
  for await (const row of walkRows(image.index, ROOT_ROW)) rows.push(row);
  return rows.slice(1).map((row) => image.index.path(row));
}

async function textOf(image: OpenedImage): Promise<string> {
  return (await readFileContent(image, '/memory.cue')).toString();
}

/** The disc that the files describe, as far as sheets can say it. */
async function openAgain(image: OpenedImage): Promise<OpenedImage> {
  for (const name of ['memory.bin', 'memory.cue'])
    writeFileSync(join(folder, name), await readFileContent(image, `/${name}`));
  return openImage(join(folder, 'memory.cue'));
}

const DISCS: Readonly<Record<string, () => MadeDisc>> = {
  'data and sound': () =>
    makeDisc([{ data: PLAIN }, { sound: FIRST, pregap: 150, isPauseMade: true }, { sound: SECOND }]),
  'pauses that are stored': () =>
    makeDisc([
      { data: PLAIN, mode: 'xa' },
      { sound: FIRST, pregap: 150 },
      { sound: SECOND, pregap: 20 },
    ]),
  'sound before the first track': () => makeDisc([{ sound: FIRST, pregap: 300 }, { sound: SECOND }]),
  'data behind sound': () => makeDisc([{ sound: FIRST }, { data: PLAIN, pregap: 150, isPauseMade: true }]),
  'data of 2048 bytes a sector': () =>
    makeDisc([
      { data: PLAIN, isCooked: true },
      { sound: FIRST, pregap: 150, isPauseMade: true },
    ]),
  'all that is known of tracks': () =>
    makeDisc(
      [
        { sound: FIRST, title: 'One', performer: 'Band', isrc: 'USRC17607839', indexes: [20, 100] },
        { sound: SECOND, title: 'Two', copyPermitted: true, preEmphasis: true, pregap: 10 },
      ],
      { title: 'Album', performer: 'Band', catalog: '0123456789012' },
    ),
};

describe('the disc that image/ describes', () => {
  it.each(Object.entries(DISCS))('is the one that it was made of: %s', async (_what, make) => {
    const made = make();
    await using image = await openDiscOf(made, { tree: 'image' });
    await using again = await openAgain(image);
    expect(again.findings.findings.filter(({ severity }) => severity === 'damage')).toEqual([]);
    const facts = ({ sessions, title, performer, catalog }: Disc): unknown =>
      JSON.parse(
        JSON.stringify({ sessions: sessions.map(({ tracks }) => tracks), title, performer, catalog }),
      );
    expect(facts(again.disc)).toEqual(facts(made.disc));
    for (const { mode, start, length } of made.disc.sessions[0]!.tracks) {
      const [name, unit] = mode === 'audio' ? (['raw', RAW] as const) : (['data', 2048] as const);
      const [wanted, found] = [Buffer.alloc(length * unit), Buffer.alloc(length * unit)];
      await made.disc[name]!.read(wanted, start * unit);
      await again.disc[name]!.read(found, start * unit);
      expect(found.equals(wanted)).toBe(true);
    }
  });
});

describe('view image', () => {
  it('has the .bin of a single file as it is', async () => {
    for (const name of ['data and sound', 'pauses that are stored', 'sound before the first track']) {
      const made = DISCS[name]!();
      await using image = await openDiscOf(made, { tree: 'image' });
      expect((await readFileContent(image, '/memory.bin')).equals(made.file)).toBe(true);
      expect(await textOf(image)).not.toContain('REM');
    }
  });

  it('has whole sectors of a plain image, and says that they were made', async () => {
    await using image = await openSource(new FaultySource(PLAIN), { tree: 'image' });
    expect(await namesOf(image)).toEqual(['/memory.bin', '/memory.cue', '/memory.iso']);
    expect((await readFileContent(image, '/memory.iso')).equals(PLAIN)).toBe(true);
    const whole = wrapSectors(PLAIN, { mode: 'mode1' });
    expect((await readFileContent(image, '/memory.bin')).equals(whole)).toBe(true);
    expect(await textOf(image)).toBe(
      [
        'REM sync, headers and codes of track 1 were made by isodrive: its image does not have them',
        ...['FILE "memory.bin" BINARY', '  TRACK 01 MODE1/2352', '    INDEX 01 00:00:00', ''],
      ].join('\r\n'),
    );
  });

  it('is below --tree all for discs of tracks alone', async () => {
    await using plain = await openSource(new FaultySource(PLAIN), { tree: 'all' });
    expect((await namesOf(plain)).filter((name) => name.startsWith('/image'))).toEqual([]);
    const made = DISCS['data and sound']!();
    await using tracks = await openDiscOf(made, { tree: 'all' });
    expect(await namesOf(tracks)).toEqual(expect.arrayContaining(['/image/memory.bin', '/tracks/02.wav']));
    expect((await readFileContent(tracks, '/image/memory.bin')).equals(made.file)).toBe(true);
  });

  it('shows a disc whose data hold no file system', async () => {
    const data = Buffer.alloc(40 * 2048, 3);
    await using image = await openDiscOf(makeDisc([{ data }]), { tree: 'image' });
    expect((await readFileContent(image, '/memory.iso')).equals(data)).toBe(true);
  });

  it('has a file for each of several data tracks, and none of sound', async () => {
    await using two = await openDiscOf(makeDisc([{ data: PLAIN }, { data: PLAIN, pregap: 150 }]), {
      tree: 'image',
    });
    expect(await namesOf(two)).toEqual([
      ...['/memory-01.iso', '/memory-02.iso', '/memory.bin', '/memory.cue'],
    ]);
    await using sound = await openDiscOf(makeDisc([{ sound: FIRST }]), { tree: 'image' });
    expect(await namesOf(sound)).toEqual(['/memory.bin', '/memory.cue']);
  });

  it('gives an error, and no zeros, for what the image lacks', async () => {
    const made = makeDisc([{ sound: FIRST }, { sound: SECOND }]);
    made.source.bad = [10 * RAW, 11 * RAW];
    await using image = await openDiscOf(made, { tree: 'image' });
    await expect(readFileContent(image, '/memory.bin')).rejects.toThrow('EIO');
  });

  it('has no line of a sheet that a text of the disc could end', async () => {
    const title = 'a"\r\nFILE "x" BINARY';
    await using image = await openDiscOf(makeDisc([{ sound: FIRST, title }]), { tree: 'image' });
    expect((await textOf(image)).match(/^ *FILE/gmu)).toHaveLength(1);
  });
});

describe('a disc with subchannels', () => {
  /** Sectors with 96 bytes of noise behind them, and those bytes. */
  function withSubchannels(): { image: Buffer; stored: Buffer } {
    const image = wrapSectors(PLAIN, { mode: 'mode1', subchannel: 96 });
    const noise = makeNoise(10, 9);
    const stored = Array.from({ length: PLAIN.length / 2048 }, (_, i) => {
      const bytes = noise.subarray(i * 96, (i + 1) * 96);
      image.set(bytes, i * 2448 + RAW);
      return bytes;
    });
    return { image, stored: Buffer.concat(stored) };
  }

  it('has them as CloneCD stores them, 12 bytes of each channel', async () => {
    const { image: bytes, stored } = withSubchannels();
    await using image = await openSource(new FaultySource(bytes), { tree: 'image' });
    expect(await namesOf(image)).toEqual(
      ['bin', 'ccd', 'cue', 'img', 'iso', 'sub'].map((suffix) => `/memory.${suffix}`),
    );
    const sub = await readFileContent(image, '/memory.sub');
    expect(sub.length).toBe(stored.length);
    const bit = (from: Buffer, at: number, number: number): number => (from[at]! >> (7 - number)) & 1;
    for (let i = 0; i < stored.length * 8; i += 1) {
      const [sector, within] = [Math.floor(i / 768), i % 768];
      const [channel, place] = [Math.floor(within / 96), within % 96];
      const wanted = bit(stored, sector * 96 + place, channel);
      if (bit(sub, sector * 96 + (within >> 3), within % 8) !== wanted) throw new Error(`Bit ${i} differs`);
    }
    const whole = wrapSectors(PLAIN, { mode: 'mode1' });
    expect((await readFileContent(image, '/memory.img')).equals(whole)).toBe(true);
  });

  it('has a table of contents as a drive gives it', async () => {
    await using image = await openSource(new FaultySource(withSubchannels().image), { tree: 'image' });
    const text = (await readFileContent(image, '/memory.ccd')).toString();
    const end = PLAIN.length / 2048 + 150;
    const sections = text.split(/^(?=\[)/mu).map((section) => section.trim().split('\r\n'));
    expect(sections.map(([name]) => name)).toEqual([
      ...['[CloneCD]', '[Disc]', '[Session 1]'],
      ...['[Entry 0]', '[Entry 1]', '[Entry 2]', '[Entry 3]', '[TRACK 1]'],
    ]);
    expect(sections[3]).toEqual(expect.arrayContaining(['Point=0xa0', 'Control=0x04', 'PMin=1', 'PSec=0']));
    const leadOut = [`PMin=0`, `PSec=${Math.floor(end / 75)}`, `PFrame=${end % 75}`, `PLBA=${end - 150}`];
    expect(sections[5]).toEqual(expect.arrayContaining(['Point=0xa2', ...leadOut]));
    expect(sections[6]).toEqual(expect.arrayContaining(['Point=0x01', 'PSec=2', 'PFrame=0', 'PLBA=0']));
    expect(sections[7]).toEqual(['[TRACK 1]', 'MODE=1', 'INDEX 1=0']);
  });

  it('has no such files where a sector has none', async () => {
    const { image: bytes } = withSubchannels();
    const cut = new FaultySource(bytes.subarray(0, bytes.length - 50));
    await using image = await openSource(cut, { tree: 'image' });
    expect(await namesOf(image)).toContain('/memory.sub');
    await using none = await openDiscOf(makeDisc([{ data: PLAIN }]), { tree: 'image' });
    expect(await namesOf(none)).not.toContain('/memory.ccd');
  });
});

describe('a GD-ROM', () => {
  it('has a list and a file a track, from its first sector on', async () => {
    const made = makeDisc([
      { data: PLAIN },
      { sound: FIRST, pregap: 150 },
      { data: PLAIN, pregap: 45_000 - 350 - PLAIN.length / 2048, isPauseMade: true },
    ]);
    await using image = await openDiscOf(made, { tree: 'image' });
    expect((await readFileContent(image, '/memory.gdi')).toString()).toBe(
      [
        ...['3', '1 0 4 2352 "memory01.bin" 0', `2 ${PLAIN.length / 2048 + 150} 0 2352 "memory02.raw" 0`],
        ...['3 45000 4 2352 "memory03.bin" 0', ''],
      ].join('\n'),
    );
    expect((await readFileContent(image, '/memory02.raw')).equals(FIRST)).toBe(true);
    const last = wrapSectors(PLAIN, { mode: 'mode1', start: 45_000 });
    expect((await readFileContent(image, '/memory03.bin')).equals(last)).toBe(true);
  });

  it('is no disc without an area of high density', async () => {
    await using image = await openDiscOf(makeDisc([{ data: PLAIN }, { sound: FIRST }, { sound: SECOND }]), {
      tree: 'image',
    });
    expect((await namesOf(image)).some((name) => name.endsWith('.gdi'))).toBe(false);
  });
});

describe('what other programs write of the same disc', () => {
  it('is equal: bchunk and iat', needs('bchunk', 'iat'), async () => {
    const made = makeDisc([{ data: PLAIN }, { sound: FIRST }]);
    await using image = await openDiscOf(made, { tree: 'image' });
    writeFileSync(join(folder, 'x.bin'), made.file);
    writeFileSync(join(folder, 'x.cue'), (await textOf(image)).replace('memory.bin', 'x.bin'));
    await mustRun('bchunk', ['-w', join(folder, 'x.bin'), join(folder, 'x.cue'), join(folder, 'chunk')]);
    const iso = await readFileContent(image, '/memory.iso');
    expect(iso.equals(readFileSync(join(folder, 'chunk01.iso')))).toBe(true);
    await using tracks = await openDiscOf(made, { tree: 'tracks' });
    const wav = await readFileContent(tracks, '/02.wav');
    expect(wav.equals(readFileSync(join(folder, 'chunk02.wav')))).toBe(true);
    const alone = makeDisc([{ data: PLAIN }]);
    writeFileSync(join(folder, 'y.bin'), alone.file);
    await mustRun('iat', [join(folder, 'y.bin'), join(folder, 'y.iso')]);
    expect(iso.equals(readFileSync(join(folder, 'y.iso')))).toBe(true);
  });
});
