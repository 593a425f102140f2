// View `tracks`: which files there are, which sectors are in them, what they are called, and what their headers say to
// other programs.
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { encodeWavHeader } from '../../../src/filesystem/views/tracks/wav-header.js';
import { walkRows } from '../../../src/image/walk-rows.js';
import { ROOT_ROW } from '../../../src/index/index-table.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { readAttributes } from '../../../src/index/node-record.js';
import { describeImage } from '../../../src/present/inspect/describe-image.js';
import { checkImage } from '../../../src/present/inspect/check-image.js';
import { buildIso } from '../../support/builders/iso-builder.js';
import { makeDisc, makeNoise, openDiscOf } from '../../support/builders/made-disc.js';
import { readFileContent } from '../../support/judges/file-content.js';
import { needs } from '../../support/needs.js';

const RAW = 2352;
const PLAIN = Buffer.from(
  buildIso({ root: [{ name: 'F.;1', extent: 30, size: 2048 }], sectors: { 30: Buffer.alloc(2048, 'f') } }),
);
const FIRST = makeNoise(200, 1);
const SECOND = makeNoise(77, 2);

async function namesOf(image: OpenedImage): Promise<string[]> {
  const rows: number[] = [];
  for await (const row of walkRows(image.index, ROOT_ROW)) rows.push(row);
  return rows.slice(1).map((row) => image.index.path(row));
}

/** The samples of a WAV file. */
async function samplesOf(image: OpenedImage, path: string): Promise<Buffer> {
  const bytes = await readFileContent(image, path);
  expect(bytes.subarray(0, 44)).toEqual(Buffer.from(encodeWavHeader(bytes.length - 44)));
  return bytes.subarray(44);
}

describe('a disc of nothing but sound', () => {
  it('shows its tracks', async () => {
    await using image = await openDiscOf(makeDisc([{ sound: FIRST }, { sound: SECOND }]));
    expect(image.tree.kind).toBe('tracks');
    expect(await namesOf(image)).toEqual(['/01.wav', '/02.wav']);
    expect((await samplesOf(image, '/01.wav')).equals(FIRST)).toBe(true);
    expect((await samplesOf(image, '/02.wav')).equals(SECOND)).toBe(true);
    await checkImage(image);
    expect(image.findings.findings).toEqual([]);
    expect(describeImage(image).trees).toEqual([{ kind: 'tracks', label: '', chosen: true }]);
  });

  it('has no session to choose', async () => {
    await expect(openDiscOf(makeDisc([{ sound: FIRST }]), { session: 2 })).rejects.toThrow(
      'disc has no session of its own, expected session 2 among them',
    );
  });

  it('shows it by --tree all as well', async () => {
    await using image = await openDiscOf(makeDisc([{ sound: FIRST }]), { tree: 'all' });
    expect(await namesOf(image)).toContain('/tracks/01.wav');
  });
});

describe('a pause', () => {
  it('between two tracks of sound is the end of the first file', async () => {
    const made = makeDisc([{ sound: FIRST }, { sound: SECOND, pregap: 150 }]);
    await using image = await openDiscOf(made);
    expect((await samplesOf(image, '/01.wav')).equals(made.file.subarray(0, 350 * RAW))).toBe(true);
    expect((await samplesOf(image, '/02.wav')).equals(SECOND)).toBe(true);
  });

  it('that no file holds is silence', async () => {
    await using image = await openDiscOf(
      makeDisc([{ sound: FIRST }, { sound: SECOND, pregap: 150, isPauseMade: true }]),
    );
    const silent = Buffer.concat([FIRST, Buffer.alloc(150 * RAW)]);
    expect((await samplesOf(image, '/01.wav')).equals(silent)).toBe(true);
  });

  it('before the first track is a file only where it is longer than two seconds', async () => {
    for (const [pregap, names] of [
      [150, ['/01.wav']],
      [151, ['/00.wav', '/01.wav']],
    ] as const) {
      const made = makeDisc([{ sound: FIRST, pregap, title: 'Seen', isrc: 'USRC17607839' }]);
      await using image = await openDiscOf(made, { trackNames: 'title' });
      expect((await namesOf(image)).map((name) => name.replace(' - Seen [USRC17607839]', ''))).toEqual(names);
      if (pregap === 150) continue;
      expect((await samplesOf(image, '/00.wav')).equals(made.file.subarray(0, 151 * RAW))).toBe(true);
      const attributes = readAttributes(image.index.table, await image.index.resolve('/00.wav'));
      expect([...attributes.keys()]).toEqual(['user.track']);
    }
  });
});

describe('a disc of data and sound', () => {
  const mixed = makeDisc([
    { data: PLAIN, mode: 'xa' },
    { sound: FIRST, pregap: 150, isPauseMade: true },
    { sound: SECOND },
  ]);

  it('shows its files, and its tracks on request', async () => {
    await using files = await openDiscOf(mixed);
    expect(files.tree.kind).toBe('iso9660');
    expect(describeImage(files).trees.map(({ kind }) => kind)).toEqual(['iso9660', 'tracks']);
    await checkImage(files);
    expect(files.findings.findings.filter(({ code }) => code.startsWith('tree'))).toEqual([]);
    await using tracks = await openDiscOf(mixed, { tree: 'tracks' });
    expect(await namesOf(tracks)).toEqual(['/01.iso', '/02.wav', '/03.wav']);
    expect((await readFileContent(tracks, '/01.iso')).equals(PLAIN)).toBe(true);
    expect((await samplesOf(tracks, '/03.wav')).equals(SECOND)).toBe(true);
    await checkImage(tracks);
    await using all = await openDiscOf(mixed, { tree: 'all' });
    expect(await namesOf(all)).toEqual(
      expect.arrayContaining(['/iso9660/f', '/tracks/01.iso', '/tracks/03.wav']),
    );
    expect((await samplesOf(all, '/tracks/03.wav')).equals(SECOND)).toBe(true);
  });

  it('of which the data hold no file system is shown by its tracks, with a note', async () => {
    await using image = await openDiscOf(makeDisc([{ data: Buffer.alloc(40 * 2048, 7) }, { sound: FIRST }]));
    expect(image.tree.kind).toBe('tracks');
    expect(image.findings.findings).toMatchObject([{ code: 'no-file-system', severity: 'note' }]);
  });

  it('refuses the tracks of a disc that has no sound', async () => {
    await expect(openDiscOf(makeDisc([{ data: PLAIN }]), { tree: 'tracks' })).rejects.toThrow(
      'Cannot show the tracks tree of "memory": disc has iso9660, expected tracks among them',
    );
  });

  it('gives errors and no zeros for what its file lacks', async () => {
    const { disc, source } = makeDisc([{ sound: FIRST }, { sound: SECOND }]);
    source.bad = [210 * RAW, 211 * RAW];
    await using image = await openDiscOf({ disc, source, file: Buffer.alloc(0) });
    await expect(readFileContent(image, '/02.wav')).rejects.toThrow('EIO');
    expect((await samplesOf(image, '/01.wav')).equals(FIRST)).toBe(true);
  });
});

describe('what is known of a track', () => {
  const known = {
    ...{ sound: SECOND, title: 'A/B\u0000C', performer: 'The \u00dcmlauts', isrc: 'USRC17607839' },
    preEmphasis: true,
  } as const;

  it('is in its name where it is asked for, with nothing that leads elsewhere', async () => {
    await using image = await openDiscOf(makeDisc([known, { sound: FIRST }]), { trackNames: 'title' });
    expect(await namesOf(image)).toEqual(['/01 - The \u00dcmlauts - A_B_C [USRC17607839].wav', '/02.wav']);
    expect(image.findings.findings).toEqual([]);
  });

  it('is never longer than a name can be', async () => {
    const long = { sound: FIRST, title: '\u00e9'.repeat(5000) };
    await using image = await openDiscOf(makeDisc([long]), { trackNames: 'title' });
    const [name] = await namesOf(image);
    expect(Buffer.byteLength(name!)).toBeLessThan(256);
    expect(name).toMatch(/^\/01 - \u00e9+\.wav$/u);
    expect(image.findings.findings).toEqual([]);
  });

  it('is in its extended attributes', async () => {
    const made = makeDisc([known], { title: 'Album', performer: 'Band', catalog: '0000000000000' });
    await using image = await openDiscOf(made);
    const attributes = readAttributes(image.index.table, await image.index.resolve('/01.wav'));
    const texts = Object.fromEntries(
      [...attributes].map(([name, value]) => [name, Buffer.from(value).toString()]),
    );
    expect(texts).toEqual({
      'user.track': '1',
      'user.title': known.title,
      'user.performer': known.performer,
      'user.isrc': known.isrc,
      'user.album': 'Album',
      'user.album_performer': 'Band',
      'user.catalog': '0000000000000',
      'user.preemphasis': '1',
    });
    expect(image.tree.label).toBe('Album');
  });
});

describe('a header', () => {
  it('says 4 GiB of what is more', () => {
    const header = Buffer.from(encodeWavHeader(2 ** 33));
    expect([header.readUInt32LE(4), header.readUInt32LE(40)]).toEqual([0xffff_ffff, 0xffff_ffff]);
  });

  it('is what sox and flac read', needs('sox', 'flac'), async () => {
    await using image = await openDiscOf(makeDisc([{ sound: FIRST }]));
    const wav = await readFileContent(image, '/01.wav');
    const sox = spawnSync('sox', ['-t', 'wav', '-', '-t', 'raw', '-'], { input: wav, maxBuffer: 2 ** 24 });
    expect(sox.stdout.equals(FIRST)).toBe(true);
    expect(sox.stderr.toString()).toBe('');
    const encoded = spawnSync('flac', ['--silent', '--stdout', '-'], { input: wav, maxBuffer: 2 ** 24 });
    const options = [
      '--silent',
      '--decode',
      '--force-raw-format',
      '--endian=little',
      '--sign=signed',
      '--stdout',
      '-',
    ];
    const decoded = spawnSync('flac', options, { input: encoded.stdout, maxBuffer: 2 ** 24 });
    expect(decoded.stdout.equals(FIRST)).toBe(true);
  });
});
