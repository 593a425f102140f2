// Images of Nero: what other programs write and read of them, descriptors that contradict themselves, and those that
// are hostile.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import { openFile } from '../../../src/image/file-content.js';
import { openImage } from '../../../src/image/open-image.js';
import { openFiles } from '../../conformance/track-container.js';
import type { ModelDisc } from '../../support/builders/disc-model.js';
import { enhancedDisc, mixedDisc, placeTracks, samples } from '../../support/builders/disc-model.js';
import { videoPack } from '../../support/builders/mpeg-stream.js';
import { buildNrg, chunk } from '../../support/builders/nrg-builder.js';
import type { NrgShape } from '../../support/builders/nrg-builder.js';
import { makeSampleImage } from '../../support/builders/sample-image.js';
import { needs } from '../../support/needs.js';

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'isodrive-nrg-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const open = (disc: ModelDisc, shape: NrgShape = {}) => openFiles({ 'x.nrg': buildNrg(disc, shape) });

/** An image whose list has these chunks only. */
function listOnly(...chunks: Buffer[]): Buffer {
  const end = Buffer.concat([Buffer.from('NER5'), Buffer.alloc(8)]);
  end.writeBigUInt64BE(16n, 4);
  return Buffer.concat([Buffer.alloc(16), ...chunks, end]);
}

describe('an image of Nero', () => {
  it('is as long in sectors as their size says, whatever the mode is', async () => {
    const lie = (entry: Buffer): void => void entry.writeUInt8(0, 14);
    const disc = mixedDisc();
    const opened = await open(disc, { lie });
    const tracks = opened.sessions[0]!.tracks;
    expect(tracks.map(({ mode, length }) => [mode, length])).toEqual(
      disc.tracks.map(({ mode, length }) => [mode, length]),
    );
    expect(opened.findings?.map(({ code }) => code)).toEqual(['wrong-track-mode', 'wrong-track-mode']);
  });

  it('has data where its sectors say so, and its sheet speaks of sound', async () => {
    const disc = mixedDisc('xa');
    const opened = await open(disc, { lie: (entry) => void entry.writeUInt8(7, 14) });
    expect(opened.sessions[0]!.tracks[0]!.mode).toBe('xa');
    expect(opened.findings).toMatchObject([
      {
        code: 'wrong-track-mode',
        message: 'Track 1 is declared to be sound, but its sectors are mode 2 (CD-ROM XA): read as those',
      },
    ]);
  });

  it('has no number where programs left rubbish for one', async () => {
    const disc = { ...mixedDisc(), catalog: '49880050123' };
    const lie = (entry: Buffer): void => void entry.write('JP\0garbage', 0, 'latin1');
    const opened = await open(disc, { lie });
    expect(opened.catalog).toBeUndefined();
    expect(opened.sessions[0]!.tracks.map(({ isrc }) => isrc)).toEqual([undefined, undefined, undefined]);
  });

  it('keeps packs of CD-TEXT', async () => {
    const cdText = Buffer.alloc(36, 0x80);
    const opened = await open(mixedDisc(), { cdText: Buffer.concat([cdText, Buffer.alloc(5)]) });
    expect(Buffer.from(opened.cdText!).equals(cdText)).toBe(true);
  });

  it('counts from the pauses in the file where it has no cue sheet', async () => {
    for (const disc of [mixedDisc(), enhancedDisc()]) {
      const opened = await open(disc, { withoutCueSheet: true });
      const starts = opened.sessions.flatMap(({ tracks }) => tracks.map(({ start }) => start));
      expect(starts).toEqual(disc.tracks.map(({ start }) => start));
    }
  });

  it('has lead-outs, flags and kinds of sessions as its sheet says', async () => {
    const disc = enhancedDisc();
    const { sessions } = await open(disc);
    const [, last, data] = disc.tracks;
    expect(sessions.map(({ kind, leadOut }) => [kind, leadOut])).toEqual([
      ['cd-rom', last!.start + last!.length],
      ['xa', data!.start + data!.length],
    ]);
    expect(sessions[0]!.tracks[0]).toMatchObject({ copyPermitted: true, preEmphasis: false });
    expect(sessions[1]!.tracks[0]).toMatchObject({ copyPermitted: false });
  });

  it('has no pause before a track whose index 0 lies behind its start', async () => {
    const disc = mixedDisc();
    const { start } = disc.tracks[1]!;
    const image = buildNrg(disc);
    const at = image.indexOf('CUEX') + 8 + 3 * 8;
    image.writeInt32BE(start + 5, at + 4);
    const opened = await openFiles({ 'x.nrg': image });
    expect(opened.sessions[0]!.tracks[1]).toMatchObject({ start });
    expect(opened.sessions[0]!.tracks[1]!.pregap).toBeUndefined();
  });

  it('parts one list of tracks by the sizes of sessions', async () => {
    const image = buildNrg(enhancedDisc(), { isTao: true });
    const at = image.indexOf('SINF');
    const first = image.indexOf('ETN2');
    const second = image.indexOf('ETN2', at);
    const entries = [image.subarray(first + 8, first + 8 + 64), image.subarray(second + 8, second + 8 + 32)];
    const sizes = [image.subarray(at, at + 12), image.subarray(second + 40, second + 52)];
    const rest = image.subarray(second + 52);
    const merged = Buffer.concat([image.subarray(0, first), chunk('ETN2', ...entries), ...sizes, rest]);
    const opened = await openFiles({ 'x.nrg': merged });
    expect(opened.sessions.map(({ tracks }) => tracks.length)).toEqual([2, 1]);
  });

  it('of a DVD is one', async () => {
    const disc = placeTracks([
      [{ mode: 'mode1', content: samples(2048, 5).subarray(0, 2048 * 200), pregap: 150 }],
    ]);
    const shape = { isTao: true, medium: 0x200, stored: () => ({ bytes: 2048, subchannel: 0 }) as const };
    const opened = await open(disc, shape);
    expect([opened.medium, opened.raw]).toEqual(['dvd', undefined]);
    const bytes = Buffer.alloc(2048 * 200);
    await opened.data.read(bytes, 0);
    expect(bytes.equals(disc.tracks[0]!.content)).toBe(true);
  });

  it.each([
    [
      'a list that begins behind the file',
      Buffer.concat([Buffer.alloc(8), Buffer.from('NERO\xff\xff\xff\xff', 'latin1')]),
    ],
    ['a list without an end', listOnly(chunk('MTYP', Buffer.alloc(4)))],
    ['a chunk that does not fit', listOnly(Buffer.from('CUEX\xff\xff\xff\xff', 'latin1'), chunk('END!'))],
    ['a hundred tracks', listOnly(chunk('ETN2', Buffer.alloc(32 * 100)), chunk('END!'))],
    ['a cue sheet without end', listOnly(chunk('CUEX', Buffer.alloc(8 * 20_000)), chunk('END!'))],
    ['chunks without end', listOnly(...Array.from({ length: 5000 }, () => chunk('VOLM')), chunk('END!'))],
    ['a mode that is none', listOnly(chunk('ETNF', Buffer.alloc(20, 0x44)), chunk('END!'))],
    [
      'sectors of no size that is known',
      listOnly(chunk('DAOX', Buffer.alloc(22), Buffer.alloc(42, 1)), chunk('END!')),
    ],
  ])('with %s is refused as damaged', async (_what, image) => {
    await expect(openFiles({ 'x.nrg': image })).rejects.toMatchObject({ code: 'damaged' });
  });

  it('whose tracks lie behind its end is read as far as it goes', async () => {
    const disc = mixedDisc();
    const opened = await open(disc, {
      lie: (entry, { number }) => {
        if (number < 3) return;
        for (const at of [18, 26, 34]) entry.writeBigUInt64BE(entry.readBigUInt64BE(at) + 2n ** 40n, at);
      },
    });
    expect(opened.findings).toMatchObject([{ code: 'short-image-file', severity: 'damage' }]);
    const bytes = Buffer.alloc(2048);
    await opened.data.read(bytes, 16 * 2048);
    expect(bytes.equals(disc.tracks[0]!.content.subarray(16 * 2048, 17 * 2048))).toBe(true);
    await expect(opened.raw!.read(bytes, disc.tracks[2]!.start * 2352)).rejects.toMatchObject({
      code: 'damaged',
    });
  });
});

describe('an image of Nero that vcdimager made', needs('vcdxbuild', 'vcdxgen', 'cd-info'), () => {
  it('has the sectors of the .bin that it makes of the same disc', async () => {
    writeFileSync(join(folder, 'a.mpg'), videoPack(200));
    const sheet = join(folder, 'vcd.xml');
    await mustRun('vcdxgen', ['-o', sheet, join(folder, 'a.mpg')], { cwd: folder });
    const nrg = join(folder, 'vcd.nrg');
    const bin = join(folder, 'vcd.bin');
    await mustRun('vcdxbuild', ['-q', '-i', 'nrg', '-o', `nrg=${nrg}`, sheet], { cwd: folder });
    await mustRun('vcdxbuild', ['-q', '-c', join(folder, 'vcd.cue'), '-b', bin, sheet], { cwd: folder });
    const whole = readFileSync(bin);
    await using image = await openImage(nrg);
    const tracks = image.disc.sessions[0]!.tracks;
    // The .bin has the pause before track 2, which the other leaves out.
    expect(tracks.map(({ start, length }) => start + length).at(-1)).toBe(whole.length / 2352);
    for (const { start, length } of tracks) {
      const bytes = Buffer.alloc(length * 2048);
      await image.disc.data.read(bytes, start * 2048);
      for (let i = 0; i < length; i += 1) {
        const wanted = whole.subarray((start + i) * 2352 + 24, (start + i) * 2352 + 24 + 2048);
        expect(bytes.subarray(i * 2048, (i + 1) * 2048).equals(wanted)).toBe(true);
      }
    }
    const info = openFile(image, await image.index.resolve('/vcd/info.vcd'));
    const bytes = Buffer.alloc(info.size);
    await info.read(bytes, 0);
    expect(bytes.subarray(0, 8).toString('latin1')).toBe('VIDEO_CD');
    const { stdout } = await mustRun('cd-info', ['--no-device-info', `--nrg-file=${nrg}`]);
    const listed = [...stdout.toString().matchAll(/^ *(\d+): \d+:\d+:\d+ +(\d+) XA/gm)];
    expect(listed.map(([, number, start]) => [Number(number), Number(start)])).toEqual(
      tracks.map(({ number, start }) => [number, start]),
    );
  });
});

describe('an image of Nero of a volume of xorriso', needs('nrg2iso', 'xorriso'), () => {
  it('is listed as the tree it was made of, and holds what nrg2iso finds in it', async () => {
    const { image, tree } = await makeSampleImage(folder, { 'one.bin': 100_001, 'two.bin': 2048 });
    const content = readFileSync(image);
    const disc = placeTracks([[{ mode: 'mode1', content, pregap: 150 }]]);
    const nrg = join(folder, 'x.nrg');
    writeFileSync(nrg, buildNrg(disc, { stored: () => ({ bytes: 2048, subchannel: 0 }) }));
    await mustRun('nrg2iso', [nrg, join(folder, 'x.iso')]);
    expect(readFileSync(join(folder, 'x.iso')).subarray(0, content.length).equals(content)).toBe(true);
    await using opened = await openImage(nrg);
    expect(opened.disc.format).toBe('nrg');
    for (const name of ['one.bin', 'two.bin']) {
      const file = openFile(opened, await opened.index.resolve(`/${name}`));
      const bytes = Buffer.alloc(file.size);
      await file.read(bytes, 0);
      expect(bytes.equals(readFileSync(join(tree, name)))).toBe(true);
    }
  });
});
