// What cue sheets call things: names of files and texts in every charset and form that is met.
import { describe, expect, it } from 'vitest';
import { openDisc } from '../../../src/container/open-container.js';
import { volumeMarks } from '../../../src/filesystem/choose/volume-marks.js';
import { FileSource } from '../../../src/source/file/file-source.js';
import { PathFolder } from '../../../src/source/file/path-folder.js';
import { OpenedFiles } from '../../../src/source/image-files.js';
import type { SiblingFolder } from '../../../src/source/image-files.js';
import { buildIso } from '../../support/builders/iso-builder.js';
import { makeSound } from '../../support/builders/sound-files.js';
import { encodeXaSector, wrapSectors } from '../../support/builders/raw-sectors.js';
import { codesOf, placesOf, readData, sheetTime as time, useSheetFolder } from '../sheet/sheet-folder.js';

const { write, withDisc, path } = useSheetFolder('isodrive-cue-names-');
const PLAIN = Buffer.from(buildIso({ root: [{ name: 'F.;1', extent: 30, size: 2048 }] }));
const SECTORS = PLAIN.length / 2048;
const TRACK = 'BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n';

describe('names in a cue sheet', () => {
  it.each([
    [
      'UTF-8 with a mark',
      Buffer.from(`\ufeffTITLE "\u00e9t\u00e9"\nFILE "\u00e9.bin" ${TRACK}`),
      '\u00e9',
      '\u00e9t\u00e9',
    ],
    [
      'UTF-16',
      Buffer.from(`\ufeffTITLE "\u97f3"\nFILE "\u97f3.bin" ${TRACK}`, 'utf16le'),
      '\u97f3',
      '\u97f3',
    ],
    [
      'Windows-1252',
      Buffer.from(`TITLE "\xe9t\xe9"\nFILE "\xe9.bin" ${TRACK}`, 'latin1'),
      '\u00e9',
      '\u00e9t\u00e9',
    ],
    [
      'Shift-JIS, with a backslash as the second byte',
      Buffer.from(`TITLE "\x83\x5c\x83\x93\x83\x4f"\nFILE "\x83\x5c\x83\x93.bin" ${TRACK}`, 'latin1'),
      '\u30bd\u30f3',
      '\u30bd\u30f3\u30b0',
    ],
  ] as const)('are read in %s', async (_charset, bytes, stem, title) => {
    write(`${stem}.bin`, makeSound(3));
    const disc = await withDisc(write('x.cue', bytes));
    expect([disc.title, codesOf(disc), placesOf(disc)]).toEqual([title, [], [[1, 0, 3]]]);
  });

  it.each([
    ['folders of Windows', 'FILE "C:\\Games\\My Game\\a b.bin" BINARY'],
    ['folders above', 'FILE "../../etc/a b.bin" BINARY'],
    ['no quotes', 'FILE a b.bin BINARY'],
    ['no quotes and no type', 'FILE a b.bin'],
    ['single quotes', "file 'A B.BIN' binary"],
    ['tabs', '\tFILE\t"a b.bin"\tBINARY\t'],
  ])('are found with %s', async (_form, line) => {
    write('a b.bin', makeSound(3));
    const disc = await withDisc(write('x.cue', `${line}\nTRACK 01 AUDIO\nINDEX 01 00:00:00`));
    expect(placesOf(disc)).toEqual([[1, 0, 3]]);
    expect(codesOf(disc)).toEqual([]);
  });

  it('lead from a file to its sheet in a folder of many others', async () => {
    for (let i = 0; i < 150; i += 1) write(`a${i}.cue`, `FILE "a${i}.bin" ${TRACK}`);
    write('z.bin', makeSound(3));
    write('z.cue', `FILE "z.bin" ${TRACK}FILE "z2.bin" BINARY\nTRACK 02 AUDIO\nINDEX 01 00:00:00\n`);
    write('z2.bin', makeSound(4));
    expect(placesOf(await withDisc(path('z.bin')))).toHaveLength(2);
  });

  it('lead from a file to its sheet where neither of a few is called as the file', async () => {
    write('track02.bin', makeSound(3));
    write('other.cue', `FILE "other.bin" ${TRACK}`);
    write('game.cue', `FILE "track02.bin" ${TRACK}`);
    const disc = await withDisc(path('track02.bin'));
    expect([placesOf(disc), codesOf(disc)]).toEqual([[[1, 0, 3]], []]);
  });

  it('lead from a file to the sheet that is called as it in a folder that cannot be listed', async () => {
    write('z.cue', `FILE "z.bin" ${TRACK}FILE "z2.bin" BINARY\nTRACK 02 AUDIO\nINDEX 01 00:00:00\n`);
    write('z2.bin', makeSound(4));
    const image = write('z.bin', makeSound(3));
    const folder = new PathFolder(image);
    const unlisted: SiblingFolder = {
      mainName: folder.mainName,
      open: (name, signal) => folder.open(name, signal),
      list: () => Promise.resolve([]),
    };
    await using files = new OpenedFiles(await FileSource.open(image), unlisted);
    expect(placesOf((await openDisc(files, volumeMarks)).disc)).toHaveLength(2);
  });

  it('of files that were renamed are replaced where one file alone can be meant', async () => {
    write('new.bin', makeSound(3));
    const cue = write('new.cue', `FILE "old.bin" ${TRACK}`);
    for (const opened of [cue, path('new.bin')])
      expect(codesOf(await withDisc(opened))).toEqual(['other-image-file']);
    write('other.bin', makeSound(4));
    expect(placesOf(await withDisc(cue))).toEqual([[1, 0, 3]]);
    write('New (Track 1).bin', makeSound(5));
    write('New (Track 2).bin', makeSound(6));
    const set = write(
      'set.cue',
      `FILE "Old (Track 1).bin" ${TRACK}FILE "Old (Track 2).bin" BINARY\nTRACK 2 AUDIO\nINDEX 1 0:0:0\n`,
    );
    expect(placesOf(await withDisc(set))).toEqual([
      [1, 0, 5],
      [1, 5, 6],
    ]);
    await expect(withDisc(write('none.cue', `FILE "gone.bin" ${TRACK}`))).rejects.toMatchObject({
      code: 'image-not-found',
    });
  });
});

describe('sectors of a cue sheet', () => {
  it('of several sizes in one file are counted track by track', async () => {
    const sound = makeSound(20);
    write('x.bin', Buffer.concat([PLAIN, sound, wrapSectors(PLAIN, { mode: 'xa', start: SECTORS + 20 })]));
    const cue = write(
      'x.cue',
      `FILE x.bin BINARY\nTRACK 1 MODE1/2048\nINDEX 1 ${time(0)}\nTRACK 2 AUDIO\nINDEX 1 ${time(SECTORS)}\n` +
        `TRACK 3 MODE2/2352\nINDEX 1 ${time(SECTORS + 20)}\n`,
    );
    const disc = await withDisc(cue, async (opened) => {
      expect((await readData(opened, 0, SECTORS)).equals(PLAIN)).toBe(true);
      expect((await readData(opened, SECTORS + 20, SECTORS)).equals(PLAIN)).toBe(true);
    });
    expect(disc.sessions[0]!.tracks.map(({ mode }) => mode)).toEqual(['mode1', 'audio', 'xa']);
    expect(codesOf(disc)).toEqual([]);
  });

  it.each([
    ['MODE1/2048', PLAIN, 'mode1'],
    ['MODE2/2048', PLAIN, 'xa'],
    ['MODE1/2352', wrapSectors(PLAIN, { mode: 'mode1' }), 'mode1'],
    ['MODE2/2336', wrapSectors(PLAIN, { mode: 'xa', isHeadless: true }), 'xa'],
    ['CDI/2336', wrapSectors(PLAIN, { mode: 'xa', isHeadless: true }), 'xa'],
    ['MODE2/2352', wrapSectors(PLAIN, { mode: 'xa' }), 'xa'],
    ['CDI/2352', wrapSectors(PLAIN, { mode: 'xa' }), 'xa'],
    ['MODE1/2448', wrapSectors(PLAIN, { mode: 'mode1', subchannel: 96 }), 'mode1'],
  ] as const)('of %s give user data', async (mode, bytes, expected) => {
    write('x.bin', bytes);
    const cue = write('x.cue', `FILE x.bin BINARY\nTRACK 1 ${mode}\nINDEX 1 0:0:0\n`);
    const disc = await withDisc(cue, async (opened) => {
      expect((await readData(opened, 0, SECTORS)).equals(PLAIN)).toBe(true);
      expect(opened.subchannel?.form).toBe(mode.endsWith('2448') ? 'interleaved' : undefined);
    });
    expect(disc.sessions[0]!.tracks[0]!.mode).toBe(expected);
    expect(disc.sessions[0]!.kind).toBe(mode.startsWith('CDI') ? 'cd-i' : undefined);
    expect(codesOf(disc)).toEqual([]);
  });

  it('that have another mode than the sheet says are read by their own', async () => {
    write('x.bin', wrapSectors(PLAIN, { mode: 'xa' }));
    const cue = write('x.cue', 'FILE x.bin BINARY\nTRACK 1 MODE1/2352\nINDEX 1 0:0:0\n');
    const disc = await withDisc(cue, async (opened) => {
      expect((await readData(opened, 0, SECTORS)).equals(PLAIN)).toBe(true);
    });
    expect(codesOf(disc)).toEqual(['wrong-track-mode']);
  });

  it('of mode 2 without a form give all of their first 2048 bytes', async () => {
    const sectors = Array.from({ length: 40 }, (_, i) => {
      const sector = encodeXaSector(Buffer.alloc(2048, i), i);
      sector.fill(i + 1, 16, 20);
      return sector;
    });
    write('x.bin', Buffer.concat(sectors));
    const cue = write('x.cue', 'FILE x.bin BINARY\nTRACK 1 MODE2/2352\nINDEX 1 0:0:0\n');
    const disc = await withDisc(cue, async (opened) => {
      expect((await readData(opened, 3, 1)).equals(sectors[3]!.subarray(16, 16 + 2048))).toBe(true);
    });
    expect(disc.sessions[0]!.tracks[0]!.mode).toBe('mode2');
  });

  it('of a pause before the first track that is stored lie before block 0', async () => {
    const pause = wrapSectors(Buffer.alloc(150 * 2048), { mode: 'mode1', start: -150 });
    write('x.bin', Buffer.concat([pause, wrapSectors(PLAIN, { mode: 'mode1' })]));
    const cue = write(
      'x.cue',
      `FILE x.bin BINARY\nTRACK 1 MODE1/2352\nINDEX 0 0:0:0\nINDEX 1 ${time(150)}\n`,
    );
    const disc = await withDisc(cue, async (opened) => {
      expect((await readData(opened, 0, SECTORS)).equals(PLAIN)).toBe(true);
    });
    expect(disc.sessions[0]!.tracks[0]).toMatchObject({ start: 0, length: SECTORS, pregap: 150 });
  });

  it('behind the end of their file are absent, and a finding', async () => {
    write('x.bin', makeSound(10));
    const cue = write(
      'x.cue',
      `FILE x.bin BINARY\nTRACK 1 AUDIO\nINDEX 1 0:0:0\nTRACK 2 AUDIO\nINDEX 1 ${time(20)}\n`,
    );
    const disc = await withDisc(cue);
    expect(placesOf(disc)).toEqual([
      [1, 0, 20],
      [1, 20, 0],
    ]);
    expect(codesOf(disc)).toEqual(['misplaced-index', 'short-image-file']);
  });
});
