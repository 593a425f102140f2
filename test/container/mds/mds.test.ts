// Images of Alcohol 120%: which file finds which, names that lie, DVDs, and descriptors that are hostile.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import { openFile } from '../../../src/image/file-content.js';
import { openFiles as openOpened, openImage } from '../../../src/image/open-image.js';
import { openFiles } from '../../conformance/track-container.js';
import { mixedDisc, placeTracks, samples, smallVolume } from '../../support/builders/disc-model.js';
import type { MdsShape } from '../../support/builders/mds-builder.js';
import { buildMds } from '../../support/builders/mds-builder.js';
import { openMemory } from '../../support/builders/memory-folder.js';
import { makeSampleImage } from '../../support/builders/sample-image.js';
import { needs } from '../../support/needs.js';

const DVD = placeTracks([
  [{ mode: 'mode1', content: samples(2048, 6).subarray(0, 2048 * 300), pregap: 150 }],
]);
const PLAIN = { isDvd: true, stored: () => ({ bytes: 2048, subchannel: 0 }) } as const satisfies MdsShape;

/** A small volume as the data of one track, so that its .mdf is recognised by itself too. */
const ONE = placeTracks([[{ mode: 'mode1', content: smallVolume(), pregap: 150 }]]);

describe('an image of Alcohol 120%', () => {
  it('is found from its .mdf, in any case of its name', async () => {
    const { 'image.mds': descriptor, 'image.mdf': data } = buildMds(mixedDisc());
    const disc = await openFiles({ 'IMAGE.MDF': data!, 'Image.mds': descriptor! });
    expect([disc.format, disc.sessions[0]!.tracks.length]).toEqual(['mds', 3]);
    expect(disc.findings).toEqual([]);
  });

  it('is raw sectors where the .mdf lies alone, or beside a descriptor that is encrypted', async () => {
    const { 'image.mdf': data } = buildMds(ONE);
    expect((await openFiles({ 'image.mdf': data! })).format).toBe('raw');
    const encrypted = buildMds(ONE, { version: 2 })['image.mds']!;
    expect((await openFiles({ 'image.mdf': data!, 'image.mds': encrypted })).format).toBe('raw');
  });

  it('of version 2 is refused as encrypted', async () => {
    await expect(openFiles(buildMds(ONE, { version: 2 }))).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('it is an encrypted image of DAEMON Tools') as string,
    });
  });

  it.each([['../../etc/other.mdf'], ['C:\\temp\\other.mdf'], ['other.mdf'], ['..'], ['/'], ['\0']])(
    'that names "%s" takes the file that is called as itself, and says so',
    async (name) => {
      const files = buildMds(ONE, { names: [name] });
      const data = buildMds(ONE)['image.mdf']!;
      const disc = await openFiles({ 'image.mds': files['image.mds']!, 'image.mdf': data });
      const isNone = name === '\0';
      expect(disc.findings ?? []).toMatchObject([{ code: 'other-image-file', severity: 'warning' }]);
      if (!isNone) expect(disc.findings![0]!.message).not.toContain('/etc/');
    },
  );

  it.each([-1, -0x8000_0000])('with a track at sector %i is refused', async (start) => {
    const files = buildMds(ONE, { lie: (block) => void block.writeInt32LE(start, 36) });
    await expect(openFiles(files)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining(`begins at sector ${start}`) as string,
    });
  });

  it('without its file is refused, and says which it wants', async () => {
    const files = buildMds(ONE, { names: ['other.mdf'] });
    await expect(openFiles({ 'image.mds': files['image.mds']! })).rejects.toMatchObject({
      code: 'image-not-found',
      details: ['File "other.mdf", which the image names, is not beside it: its tracks cannot be read'],
    });
  });

  it('without a part of its file is read as far as the parts before it go', async () => {
    const names = ['*.mdf', '*.md1', '*.md2'];
    const all = buildMds(mixedDisc(), { names, partBytes: 50_500 });
    const files = {
      'image.mds': all['image.mds']!,
      'image.mdf': all['image.mdf']!,
      'image.md2': all['image.md2']!,
    };
    const disc = await openFiles(files);
    expect(disc.findings?.map(({ code }) => code)).toEqual(['missing-image-file', 'short-image-file']);
    const sector = Buffer.alloc(2048);
    expect(await disc.data.read(sector, 16 * 2048)).toBe(2048);
  });

  it('of sound whose file is empty is refused, in every view', async () => {
    const disc = placeTracks([[{ mode: 'audio', content: samples(10, 1), pregap: 150 }]]);
    const files = { ...buildMds(disc), 'image.mdf': Buffer.alloc(0) };
    for (const tree of ['auto', 'all'] as const) {
      await expect(openOpened(openMemory(files), undefined, { tree })).rejects.toMatchObject({
        code: 'damaged',
        message: expect.stringContaining('its files hold no sector of its sound') as string,
      });
    }
  });

  it('has no pause that the track before has no room for', async () => {
    const disc = mixedDisc();
    const tracks = disc.tracks.map((track) => (track.number === 2 ? { ...track, pregap: 150 } : track));
    const opened = await openFiles(buildMds({ ...disc, tracks }));
    expect(opened.sessions[0]!.tracks[1]).toMatchObject({ start: disc.tracks[1]!.start, pregap: 10 });
  });

  it('of a DVD has its user data and its disc structures', async () => {
    const burst = Buffer.alloc(188, 7);
    const disc = await openFiles(buildMds(DVD, { ...PLAIN, layers: 2, burst }));
    expect(disc.medium).toBe('dvd');
    expect(disc.discStructures?.map(({ format, layer, bytes }) => [format, layer, bytes.length])).toEqual([
      [3, 0, 188],
      [1, 0, 4],
      [4, 0, 2048],
      [0, 0, 2048],
      [1, 1, 4],
      [4, 1, 2048],
      [0, 1, 2048],
    ]);
    expect(disc.discStructures?.map(({ bytes }) => bytes[0])).toEqual([
      7, 0x30, 0x20, 0x10, 0x31, 0x21, 0x11,
    ]);
    const bytes = Buffer.alloc(DVD.tracks[0]!.content.length);
    await disc.data.read(bytes, 0);
    expect(bytes.equals(DVD.tracks[0]!.content)).toBe(true);
  });

  it('of a DVD in parts is one disc', async () => {
    const names = ['*.mdf', '*.md1', '*.md2'];
    const disc = await openFiles(buildMds(DVD, { ...PLAIN, names, partBytes: 2048 * 120 }));
    const bytes = Buffer.alloc(DVD.tracks[0]!.content.length);
    await disc.data.read(bytes, 0);
    expect(bytes.equals(DVD.tracks[0]!.content)).toBe(true);
    expect(disc.sessions[0]!.tracks[0]).toMatchObject({ start: 0, length: 300 });
  });

  it('of a DVD that does not say how long it is has what its file has', async () => {
    const disc = await openFiles(
      buildMds(DVD, { ...PLAIN, lie: (block) => void block.writeUInt32LE(0, 12) }),
    );
    expect(disc.sessions[0]!.tracks[0]!.length).toBe(300);
  });

  it.each<[string, (bytes: Buffer) => void]>([
    ['more sessions than a disc has', (bytes) => void bytes.writeUInt16LE(0xffff, 20)],
    ['sessions behind its end', (bytes) => void bytes.writeUInt32LE(0xffff_fff0, 80)],
    ['tracks behind its end', (bytes) => void bytes.writeUInt32LE(0xffff_fff0, 88 + 20)],
    ['disc structures behind its end', (bytes) => void bytes.writeUInt32LE(bytes.length - 5, 64)],
    ['sectors of a size that is none', (bytes) => void bytes.writeUInt16LE(7, 112 + 3 * 80 + 16)],
    ['files without end', (bytes) => void bytes.writeUInt32LE(0xffff_ffff, 112 + 3 * 80 + 48)],
    ['a name behind its end', (bytes) => void bytes.writeUInt32LE(0xffff, bytes.length - 16 - 6)],
    ['nothing but its signature', (bytes) => void bytes.fill(0, 17)],
  ])('with %s is refused', async (_what, change) => {
    const files = buildMds(ONE);
    const descriptor = Buffer.from(files['image.mds']!);
    change(descriptor);
    const opening = openFiles({ ...files, 'image.mds': descriptor });
    await expect(opening).rejects.toMatchObject({
      code: expect.stringMatching(/damaged|image-not-found/) as string,
    });
  });
});

describe('an image of Alcohol 120% of a volume of xorriso', needs('mdf2iso', 'xorriso'), () => {
  let folder = '';
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'isodrive-mds-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is listed as the tree it was made of, and has the sectors that mdf2iso finds', async () => {
    const { image, tree } = await makeSampleImage(folder, { 'one.bin': 100_001, 'two.bin': 2048 });
    const content = readFileSync(image);
    const disc = placeTracks([[{ mode: 'mode1', content, pregap: 150 }]]);
    for (const [name, bytes] of Object.entries(buildMds(disc))) writeFileSync(join(folder, name), bytes);
    const iso = join(folder, 'of-mdf2iso.iso');
    await mustRun('mdf2iso', [join(folder, 'image.mdf'), iso]);
    expect(readFileSync(iso).equals(content)).toBe(true);
    for (const name of ['image.mds', 'image.mdf']) {
      await using opened = await openImage(join(folder, name));
      expect(opened.disc.format).toBe('mds');
      for (const file of ['one.bin', 'two.bin']) {
        const source = openFile(opened, await opened.index.resolve(`/${file}`));
        const bytes = Buffer.alloc(source.size);
        await source.read(bytes, 0);
        expect(bytes.equals(readFileSync(join(tree, file)))).toBe(true);
      }
    }
  });
});
