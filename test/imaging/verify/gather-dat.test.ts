// Tracks of images against lists of digests by game: right, changed, of another disc, and hostile.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDisc } from '../../../src/container/open-container.js';
import { volumeMarks } from '../../../src/filesystem/choose/volume-marks.js';
import type { Check } from '../../../src/imaging/verify/check.js';
import { verifySectorsAlone } from '../../../src/imaging/verify/verify-raw.js';
import { parseDat } from '../../../src/imaging/verify/dat-file.js';
import { mixedDisc, RAW, storePause, storeSectors } from '../../support/builders/disc-model.js';
import { openMemory } from '../../support/builders/memory-folder.js';
import type { MemoryFiles } from '../../support/builders/memory-folder.js';

const disc = mixedDisc();
/** As redump cuts them: a pause stands in the file of the track behind it. */
const tracks = disc.tracks.map((track, i) => {
  const own = storeSectors(track, track.start, RAW);
  return i === 0 ? own : Buffer.concat([storePause(track, track.pregap, RAW), own]);
});
const NAMES = tracks.map((_, i) => `Game (Track ${i + 1}).bin`);

function frames(count: number): string {
  return `00:${String(Math.floor(count / 75)).padStart(2, '0')}:${String(count % 75).padStart(2, '0')}`;
}

/** A sheet over a file for each track. */
function manyFiles(parts: readonly Buffer[] = tracks): MemoryFiles {
  const lines = disc.tracks.flatMap(({ mode, number, pregap }, i) => [
    `FILE "${NAMES[i]}" BINARY`,
    `  TRACK 0${number} ${mode === 'audio' ? 'AUDIO' : 'MODE1/2352'}`,
    ...(i === 0 ? [] : [`    INDEX 00 00:00:00`]),
    `    INDEX 01 ${frames(i === 0 ? 0 : pregap)}`,
  ]);
  const bins = Object.fromEntries(parts.map((part, i) => [NAMES[i]!, part]));
  return { 'Game.cue': Buffer.from(lines.join('\n')), ...bins };
}

/** A sheet over one file. */
function oneFile(parts: readonly Buffer[] = tracks): MemoryFiles {
  const lines = ['FILE "image.bin" BINARY'];
  for (const { mode, number, start, pregap } of disc.tracks) {
    lines.push(`  TRACK 0${number} ${mode === 'audio' ? 'AUDIO' : 'MODE1/2352'}`);
    if (number > 1) lines.push(`    INDEX 00 ${frames(start - pregap)}`);
    lines.push(`    INDEX 01 ${frames(start)}`);
  }
  return { 'image.cue': Buffer.from(lines.join('\n')), 'image.bin': Buffer.concat(parts) };
}

function romOf(name: string, bytes: Buffer): string {
  const [md5, sha1] = ['md5', 'sha1'].map((kind) => createHash(kind).update(bytes).digest('hex'));
  const crc = crc32(bytes).toString(16).padStart(8, '0').toUpperCase();
  return `<rom name="${name}" size="${bytes.length}" crc="${crc}" md5="${md5}" sha1="${sha1}"/>`;
}

function gameOf(name: string, parts: readonly Buffer[] = tracks): string {
  const roms = parts.map((part, i) => romOf(`${name} (Track ${i + 1}).bin`, part));
  const cue = romOf(`${name}.cue`, Buffer.from('another sheet'));
  return `<game name="${name}"><category>Games</category>${cue}${roms.join('\n')}</game>`;
}

function datOf(...games: readonly string[]): string {
  return `<?xml version="1.0"?>
<!DOCTYPE datafile PUBLIC "-//Logiqx//DTD ROM Management Datafile//EN" "http://www.logiqx.com/Dats/datafile.dtd">
<datafile><header><name>Sony &amp; others</name></header>${games.join('\n')}</datafile>`;
}

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
}

describe('verifying by a list of digests', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'isodrive-dat-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  async function verify(image: MemoryFiles, list: string): Promise<Check[]> {
    const dat = join(root, 'list.dat');
    await writeFile(dat, list);
    await using files = openMemory(image);
    const path = join('/nowhere', Object.keys(image)[0]!);
    const checks = await verifySectorsAlone(files, { path, dat }, 'not read');
    return checks!.filter(({ kind }) => kind === 'dat');
  }
  const statuses = (checks: readonly Check[]): string[] => checks.map(({ status }) => status);

  it.each([
    ['one file a track', manyFiles()],
    ['one file for all', oneFile()],
  ])('names the game and every track of it, with %s', async (_, image) => {
    const checks = await verify(image, datOf(gameOf('Other', [Buffer.alloc(2352)]), gameOf('Game (USA)')));
    expect(statuses(checks)).toEqual(['unchecked', 'ok', 'ok', 'ok']);
    expect(checks[1]).toMatchObject({ game: 'Game (USA)', detail: 'crc32, md5, sha1 agree' });
    expect(checks[3]!.subject).toContain('track 3');
  });

  it.each([
    ['one file a track', manyFiles],
    ['one file for all', oneFile],
  ])('says which track has one wrong byte, with %s', async (_, make) => {
    const parts = [tracks[0]!, changed(tracks[1]!, 5000), tracks[2]!];
    const checks = await verify(make(parts), datOf(gameOf('Game (USA)')));
    expect(statuses(checks)).toEqual(['unchecked', 'ok', 'mismatch', 'ok']);
    expect(checks[2]!.subject).toContain('track 2');
    expect(checks[2]!.detail).toContain('crc32 is ');
  });

  it('takes a single digest that differs for a difference', async () => {
    const list = datOf(gameOf('Game (USA)')).replace(/sha1="."?/g, (found) => `${found.slice(0, -1)}g`);
    const checks = await verify(oneFile(), list.replaceAll(/md5="./g, 'md5="0'));
    expect(statuses(checks).filter((status) => status === 'mismatch').length).toBeGreaterThan(0);
  });

  it('says that no game is the image, where none has anything of it', async () => {
    const others = [1, 2].map((seed) =>
      gameOf(
        `Other ${seed}`,
        tracks.map((part) => changed(part, seed)),
      ),
    );
    const checks = await verify(oneFile(), datOf(...others));
    expect(checks).toMatchObject([
      { status: 'mismatch', detail: 'none of its 2 games has a track or file of the image' },
    ]);
  });

  it('tells tracks that the image lacks, and those that the game has not', async () => {
    const more = await verify(oneFile(), datOf(gameOf('Long', [...tracks, Buffer.alloc(2352, 7)])));
    expect(more.at(-1)).toMatchObject({ status: 'missing', subject: 'Long (Track 4).bin' });
    const fewer = await verify(oneFile(), datOf(gameOf('Short', tracks.slice(0, 2))));
    expect(fewer.at(-1)).toMatchObject({ status: 'mismatch', subject: 'track 3' });
  });

  it('prefers the game that agrees wholly, and counts others that do', async () => {
    const list = datOf(gameOf('Part', tracks.slice(0, 2)), gameOf('A'), gameOf('B'));
    const [, first] = await verify(oneFile(), list);
    expect(first).toMatchObject({ status: 'ok', game: 'A', evidence: 'list.dat, "A", and 1 more' });
  });

  it('takes one file for all tracks where the list has that', async () => {
    const whole = romOf('Game.bin', Buffer.concat(tracks));
    const checks = await verify(oneFile(), datOf(`<game name="Game">${whole}</game>`));
    expect(checks).toMatchObject([{ status: 'ok', subject: 'image.bin' }]);
  });

  it('reads the lines of a log of redumper', async () => {
    const roms = tracks.map((part, i) => romOf(`Game (Track ${i + 1}).bin`, part));
    const checks = await verify(
      oneFile(),
      ['redumper v2025', 'dat:', ...roms, '', 'CD-TEXT: none'].join('\r\n'),
    );
    expect(statuses(checks)).toEqual(['ok', 'ok', 'ok']);
  });

  it('takes pauses for the end of the track before them, as EAC does', async () => {
    const bytes = Buffer.concat(tracks);
    const [, second, third] = disc.tracks;
    const cut = [
      bytes.subarray(second!.start * 2352, third!.start * 2352),
      bytes.subarray(third!.start * 2352),
    ];
    const lines = cut.flatMap((part, i) => [
      `Track  ${i + 2}`,
      `     Test CRC 00000000`,
      `     Copy CRC ${crc32(part).toString(16).padStart(8, '0').toUpperCase()}`,
    ]);
    const log = Buffer.from(`\ufeffExact Audio Copy V1.6\r\n\r\n${lines.join('\r\n')}\r\n`, 'utf16le');
    const dat = join(root, 'rip.log');
    await writeFile(dat, log);
    await using files = openMemory(oneFile());
    const checks = await verifySectorsAlone(files, { path: '/nowhere/image.cue', dat }, 'not read');
    const own = checks!.filter(({ kind }) => kind === 'dat');
    expect(own.slice(0, 2)).toMatchObject([
      { status: 'ok', subject: 'track 2', detail: 'crc32 agrees' },
      { status: 'ok', subject: 'track 3' },
    ]);
    // EAC rips sound alone.
    expect(own).toHaveLength(2);
  });

  it('verifies an image of which nothing else is known', async () => {
    const bytes = Buffer.alloc(70_000, 'other console');
    const list = datOf(`<game name="Cube">${romOf('Cube.iso', bytes)}</game>`);
    expect(
      await openDisc(openMemory({ 'cube.iso': bytes }), volumeMarks).catch(() => undefined),
    ).toBeUndefined();
    expect(await verify({ 'cube.iso': bytes }, list)).toMatchObject([{ status: 'ok', game: 'Cube' }]);
    const [other] = await verify({ 'cube.iso': changed(bytes, 9) }, list);
    expect(other).toMatchObject({ status: 'mismatch', subject: 'cube.iso' });
  });

  it.each([
    ['entities of its own', '<!DOCTYPE a [<!ENTITY x "y">]><datafile/>', /document type with declarations/],
    ['an entity from elsewhere', '<datafile a="&file;"/>', /none of the five/],
    ['elements too deep', '<a>'.repeat(100), /more than 32 deep/],
    ['an end that is missing', '<datafile><game name="x">', /it ends, expected the end of "game"/],
    ['ends that do not fit', '<datafile></game>', /found the end of "game"/],
    ['a second root', '<a/><b/>', /second root/],
    [
      'too many files in a game',
      `<game name="x">${'<rom name="" crc="00000000"/>'.repeat(1001)}</game>`,
      /1000 files/,
    ],
    ['a value without an end', `<datafile a="${'x'.repeat(100_000)}"/>`, /more than 8192/],
    ['no digest', '<datafile><game name="x"/></datafile>', /found no digest/],
    ['no text of any such kind', '\0\x01\x02', /found no digest/],
  ])('refuses a list with %s', (_, text, message) => {
    expect(() => parseDat(Buffer.from(text), 'list.dat', () => true)).toThrow(message);
  });

  it('keeps a bounded number of games that may be the image', () => {
    const game = `<game name="x">${'<rom name="" size="1" crc="00000000"/>'.repeat(1000)}</game>`;
    const list = Buffer.from(`<datafile>${game.repeat(101)}</datafile>`);
    expect(() => parseDat(list, 'list.dat', () => true)).toThrow(/more than 100000 files/);
    expect(parseDat(list, 'list.dat', () => false)).toMatchObject({ games: [], gameCount: 101 });
  });
});
