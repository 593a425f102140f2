// Sessions and areas of a cue sheet, and which of them is shown.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openImage } from '../../../src/image/open-image.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { openFile } from '../../../src/image/file-content.js';
import { makeSound } from '../../support/builders/sound-files.js';
import { wrapSectors } from '../../support/builders/raw-sectors.js';
import { needs } from '../../support/needs.js';
import { codesOf, placesOf, sheetTime as time, useSheetFolder } from '../sheet/sheet-folder.js';

const { write, withDisc, path } = useSheetFolder('isodrive-cue-sessions-');

/** An image whose addresses count from a sector of the disc, with one file. */
function makeSession(start: number, content: string): Buffer {
  mkdirSync(path('tree'), { recursive: true });
  writeFileSync(path('tree/file'), content);
  const place = start === 0 ? [] : ['-C', `0,${start}`];
  const made = spawnSync('genisoimage', [
    '-quiet',
    '-R',
    '-V',
    content,
    ...place,
    '-o',
    path('x.iso'),
    path('tree'),
  ]);
  expect(made.status).toBe(0);
  return readFileSync(path('x.iso'));
}

async function readText(image: OpenedImage): Promise<string> {
  const content = openFile(image, await image.index.resolve('/file'));
  const bytes = Buffer.alloc(content.size);
  await content.read(bytes, 0);
  return bytes.toString();
}

/** The file that an image shows; `session` as a user asks for it. */
async function shownFile(image: string, session?: number): Promise<string> {
  await using opened = await openImage(image, session === undefined ? {} : { session });
  return await readText(opened);
}

describe('sessions of a cue sheet', needs('genisoimage'), () => {
  it('of an enhanced CD lie 11400 sectors apart, and its data are shown', async () => {
    write('sound.bin', makeSound(1000));
    const start = 1000 + 11_400;
    const plain = makeSession(start, 'enhanced');
    write('data.bin', wrapSectors(plain, { mode: 'xa', start }));
    const cue = write(
      'x.cue',
      [
        ...['REM SESSION 01', 'FILE "sound.bin" BINARY', 'TRACK 01 AUDIO', 'INDEX 01 00:00:00'],
        ...['TRACK 02 AUDIO', `INDEX 00 ${time(400)}`, `INDEX 01 ${time(550)}`],
        ...['REM SESSION 02', 'FILE "data.bin" BINARY', 'TRACK 03 MODE2/2352', 'INDEX 01 00:00:00'],
      ].join('\n'),
    );
    const disc = await withDisc(cue);
    expect(placesOf(disc)).toEqual([
      [1, 0, 400],
      [1, 550, 450],
      [2, start, plain.length / 2048],
    ]);
    expect(disc.sessions[1]!.tracks[0]!.mode).toBe('xa');
    expect(codesOf(disc)).toEqual([]);
    expect(await shownFile(cue)).toBe('enhanced');
    expect(await shownFile(cue, 2)).toBe('enhanced');
    await expect(shownFile(cue, 1)).rejects.toMatchObject({
      message: expect.stringContaining('it has sound alone') as string,
    });
    await expect(shownFile(cue, 3)).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('that the sheet does not tell are told by the sectors', async () => {
    write('sound.bin', makeSound(1000));
    const start = 1000 + 11_400;
    write('data.bin', wrapSectors(makeSession(start, 'untold'), { mode: 'xa', start }));
    const cue = write(
      'x.cue',
      'FILE "sound.bin" BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n' +
        'FILE "data.bin" BINARY\nTRACK 02 MODE2/2352\nINDEX 01 00:00:00\n',
    );
    const disc = await withDisc(cue);
    expect(disc.sessions.map(({ tracks }) => tracks[0]!.start)).toEqual([0, start]);
    expect(codesOf(disc)).toEqual(['unsaid-session']);
    expect(await shownFile(cue)).toBe('untold');
  });

  it('of data alone are 11400 and 6900 sectors apart, and the last is shown unless another is wanted', async () => {
    const first = makeSession(0, 'one');
    const secondStart = first.length / 2048 + 11_400;
    const second = makeSession(secondStart, 'two');
    const thirdStart = secondStart + second.length / 2048 + 6900;
    const third = makeSession(thirdStart, 'three');
    write('x.bin', Buffer.concat([first, second, third]));
    const at = [0, first.length / 2048, (first.length + second.length) / 2048];
    const cue = write(
      'x.cue',
      'FILE "x.bin" BINARY\n' +
        at
          .map((frame, i) => `REM SESSION ${i + 1}\nTRACK ${i + 1} MODE1/2048\nINDEX 01 ${time(frame)}\n`)
          .join(''),
    );
    const disc = await withDisc(cue);
    expect(placesOf(disc).map(([, start]) => start)).toEqual([0, secondStart, thirdStart]);
    expect(await shownFile(cue)).toBe('three');
    for (const [i, text] of ['one', 'two', 'three'].entries()) expect(await shownFile(cue, i + 1)).toBe(text);
    await using image = await openImage(cue);
    expect(image.sessions.map(({ number, label }) => [number, label])).toEqual([
      [1, 'one'],
      [2, 'two'],
      [3, 'three'],
    ]);
  });

  it('have the gaps that the sheet says', async () => {
    write('a.bin', makeSound(100));
    write('b.bin', makeSound(200));
    const cue = write(
      'x.cue',
      [
        ...['REM SESSION 01', 'FILE "a.bin" BINARY', 'TRACK 01 AUDIO', 'INDEX 01 00:00:00'],
        ...[`REM LEAD-OUT ${time(120)}`, 'REM SESSION 02', 'REM LEAD-IN 01:00:00', 'REM PREGAP 00:03:00'],
        ...['FILE "b.bin" BINARY', 'TRACK 02 AUDIO', 'INDEX 01 00:00:00'],
      ].join('\n'),
    );
    const disc = await withDisc(cue);
    expect(disc.sessions.map(({ leadOut }) => leadOut)).toEqual([120, undefined]);
    expect(placesOf(disc)[1]).toEqual([2, 120 + 11_400 + 75, 200]);
  });

  it('of a GD-ROM are its areas, the second from sector 45000 on, whose tracks share a file system', async () => {
    write('1.bin', wrapSectors(makeSession(0, 'warning'), { mode: 'mode1' }));
    write('2.bin', makeSound(200));
    const plain = makeSession(45_000, 'game');
    write('3.bin', wrapSectors(plain, { mode: 'mode1', start: 45_000 }));
    const cue = write(
      'x.cue',
      [
        ...['REM SINGLE-DENSITY AREA', 'FILE "1.bin" BINARY', 'TRACK 01 MODE1/2352', 'INDEX 01 00:00:00'],
        ...['FILE "2.bin" BINARY', 'TRACK 02 AUDIO', 'INDEX 00 00:00:00', 'INDEX 01 00:02:00'],
        ...['REM HIGH-DENSITY AREA', 'FILE "3.bin" BINARY', 'TRACK 03 MODE1/2352', 'INDEX 01 00:00:00'],
      ].join('\n'),
    );
    const disc = await withDisc(cue);
    expect(placesOf(disc).map(([session, start]) => [session, start])).toEqual([
      [1, 0],
      [1, makeSession(0, 'warning').length / 2048 + 150],
      [2, 45_000],
    ]);
    expect(codesOf(disc)).toEqual([]);
    expect(await shownFile(cue)).toBe('game');
    expect(await shownFile(cue, 1)).toBe('warning');
  });

  it('of one session show data behind sound', async () => {
    write('sound.bin', makeSound(300));
    const start = 300 + 150;
    write('data.iso', makeSession(start, 'behind'));
    const cue = write(
      'x.cue',
      'FILE "sound.bin" BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n' +
        'FILE "data.iso" BINARY\nTRACK 02 MODE1/2048\nPREGAP 00:02:00\nINDEX 01 00:00:00\n',
    );
    expect(placesOf(await withDisc(cue))).toEqual([
      [1, 0, 300],
      [1, start, readFileSync(path('data.iso')).length / 2048],
    ]);
    expect(await shownFile(cue)).toBe('behind');
  });

  it('of sound of which nothing can be read are refused', async () => {
    write('a.mp3', Buffer.concat([Buffer.from('ID3'), Buffer.alloc(5000)]));
    const cue = write('x.cue', 'FILE a.mp3 MP3\nTRACK 1 AUDIO\nINDEX 1 0:0:0\n');
    await expect(openImage(cue)).rejects.toMatchObject({ name: 'IsodriveError' });
  });

  it('of sound alone show its tracks', async () => {
    write('a.bin', makeSound(10));
    const cue = write('x.cue', 'TITLE "Songs"\nFILE a.bin BINARY\nTRACK 1 AUDIO\nINDEX 1 0:0:0\n');
    await using image = await openImage(cue);
    expect([image.volume.volumeId, image.sessions, image.findings.count]).toEqual(['Songs', [], 0]);
    expect([image.tree.kind, await image.tree.isRootEmpty()]).toEqual(['tracks', false]);
  });
});
