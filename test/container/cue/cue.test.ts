// Cue sheets: where tracks are on the disc, that their sectors are those of the files, and what is told of faults.
import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildIso } from '../../support/builders/iso-builder.js';
import { wrapSectors } from '../../support/builders/raw-sectors.js';
import { makeSound } from '../../support/builders/sound-files.js';
import { codesOf, readData, readRaw, sheetTime as time, useSheetFolder } from '../sheet/sheet-folder.js';

const PLAIN = Buffer.from(buildIso({ root: [{ name: 'F.;1', extent: 30, size: 2048 }] }));
const SECTORS = PLAIN.length / 2048;
const RAW = wrapSectors(PLAIN, { mode: 'mode1' });

const { write, withDisc, path } = useSheetFolder('isodrive-cue-');

describe('a cue sheet', () => {
  it('of a mixed mode disc in one file gives each track its sectors', async () => {
    const sound = makeSound(300);
    write('g.bin', Buffer.concat([RAW, sound]));
    const cue = write(
      'g.cue',
      [
        'CATALOG 1234567890123',
        'PERFORMER "Band"',
        'TITLE "Disc"',
        'FILE "g.bin" BINARY',
        '  TRACK 01 MODE1/2352',
        '    INDEX 01 00:00:00',
        '  TRACK 02 AUDIO',
        '    TITLE "Song"',
        '    PERFORMER "Singer"',
        '    FLAGS DCP PRE',
        '    ISRC USRC17607839',
        `    INDEX 00 ${time(SECTORS)}`,
        `    INDEX 01 ${time(SECTORS + 150)}`,
        `    INDEX 02 ${time(SECTORS + 200)}`,
      ].join('\r\n'),
    );
    const disc = await withDisc(cue, async (opened) => {
      expect((await readData(opened, 0, SECTORS)).equals(PLAIN)).toBe(true);
      expect((await readRaw(opened, SECTORS, 300)).equals(sound)).toBe(true);
      await expect(readData(opened, SECTORS + 150, 1)).rejects.toMatchObject({ code: 'damaged' });
    });
    expect(disc).toMatchObject({
      ...{ format: 'cue', medium: 'cd', catalog: '1234567890123', title: 'Disc', performer: 'Band' },
      sessions: [
        {
          number: 1,
          tracks: [
            { number: 1, mode: 'mode1', start: 0, length: SECTORS },
            {
              ...{ number: 2, mode: 'audio', start: SECTORS + 150, length: 150, pregap: 150 },
              indexes: [SECTORS + 200],
              ...{ title: 'Song', performer: 'Singer', isrc: 'USRC17607839' },
              ...{ preEmphasis: true, copyPermitted: true },
            },
          ],
        },
      ],
    });
    expect(codesOf(disc)).toEqual([]);
  });

  it('is found by its data file, whatever the case of its name', async () => {
    write('Game (Track 1).bin', RAW);
    write('Game (Track 2).bin', makeSound(10));
    write(
      'game.CUE',
      'file "GAME (TRACK 1).BIN" binary\ntrack 1 mode1/2352\nindex 1 0:0:0\n' +
        'file "C:\\Rips\\Game (Track 2).bin" binary\n\ttrack 2 audio\n\tindex 1 0:0:0\n',
    );
    for (const name of ['Game (Track 1).bin', 'Game (Track 2).bin', 'game.CUE']) {
      const disc = await withDisc(path(name), async (opened) => {
        expect((await readData(opened, 0, SECTORS)).equals(PLAIN)).toBe(true);
      });
      expect(disc.sessions[0]!.tracks.map(({ start, length }) => [start, length])).toEqual([
        [0, SECTORS],
        [SECTORS, 10],
      ]);
      expect(codesOf(disc)).toEqual([]);
    }
  });

  it('says less where a file is missing, short or empty, and its disc opens', async () => {
    write('a.bin', RAW);
    write('b.bin', makeSound(5));
    write('d.bin', '');
    const cue = write('x.cue', tracksOf(['a', 'MODE1/2352'], ['b', 'AUDIO'], ['c', 'AUDIO'], ['d', 'AUDIO']));
    const disc = await withDisc(cue);
    expect(codesOf(disc)).toEqual(['unopened-image-file', 'missing-image-file']);
    expect(disc.sessions[0]!.tracks.map(({ length }) => length)).toEqual([SECTORS, 5, 0, 0]);
    expect(disc.findings!.every(({ severity }) => severity === 'damage')).toBe(true);
  });

  it('of pauses that no CD is long enough for is refused', async () => {
    write('p.bin', Buffer.alloc(2352));
    const sheet = 'FILE "p.bin" BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nPOSTGAP 9999:59:74\n';
    await expect(withDisc(write('p.cue', sheet))).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('pauses of 44999999 sectors that no file holds') as unknown,
    });
  });

  it('without any of its files is refused with what to do', async () => {
    mkdirSync(path('a.bin'));
    const cue = write('x.cue', tracksOf(['a', 'MODE1/2352'], ['../etc/b', 'AUDIO']));
    await expect(withDisc(cue)).rejects.toMatchObject({
      code: 'image-not-found',
      message: expect.stringContaining('none of the files that it names can be used') as string,
      action: 'Put the sheet and all files of its image into one folder',
    });
  });
});

/** A sheet of tracks in a file each. */
function tracksOf(...tracks: readonly (readonly [file: string, mode: string])[]): string {
  return tracks
    .map(([file, mode], i) => `FILE "${file}.bin" BINARY\nTRACK ${i + 1} ${mode}\nINDEX 01 00:00:00\n`)
    .join('');
}
