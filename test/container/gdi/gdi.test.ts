// Track lists of GD-ROMs: two areas, addresses of the list, and names with blanks.
import { describe, expect, it } from 'vitest';
import { buildIso } from '../../support/builders/iso-builder.js';
import { wrapSectors } from '../../support/builders/raw-sectors.js';
import { makeSound } from '../../support/builders/sound-files.js';
import { codesOf, placesOf, readData, readRaw, useSheetFolder } from '../sheet/sheet-folder.js';

const { write, withDisc, path } = useSheetFolder('isodrive-gdi-');
const PLAIN = Buffer.from(buildIso({ root: [{ name: 'F.;1', extent: 30, size: 2048 }] }));
const SECTORS = PLAIN.length / 2048;

describe('a track list of a GD-ROM', () => {
  it('gives the tracks of both areas at their addresses', async () => {
    const [one, two] = [makeSound(300, 1), makeSound(200, 2)];
    write('track01.bin', wrapSectors(PLAIN, { mode: 'mode1' }));
    write('track02.raw', one);
    write('track03.iso', PLAIN);
    write('track 04.raw', two);
    write('track05.bin', wrapSectors(PLAIN, { mode: 'mode1', start: 46_000 }));
    const gdi = write(
      'disc.gdi',
      `5\r\n1 0 4 2352 track01.bin 0\r\n2 600 0 2352 "track02.raw" 0\r\n3 45000 4 2048 track03.iso 0\r\n` +
        `4 45500 0 2352 "track 04.raw" 0\r\n 5  46000  4  2352  track05.bin  0 \r\n\r\n`,
    );
    const disc = await withDisc(gdi, async (opened) => {
      for (const start of [0, 45_000, 46_000])
        expect((await readData(opened, start, SECTORS)).equals(PLAIN)).toBe(true);
      expect((await readRaw(opened, 600, 300)).equals(one)).toBe(true);
      expect((await readRaw(opened, 45_500, 200)).equals(two)).toBe(true);
    });
    expect(placesOf(disc)).toEqual([
      [1, 0, SECTORS],
      [1, 600, 300],
      [2, 45_000, SECTORS],
      [2, 45_500, 200],
      [2, 46_000, SECTORS],
    ]);
    expect([disc.format, codesOf(disc)]).toEqual(['gdi', []]);
    expect((await withDisc(path('track01.bin'))).format).toBe('gdi');
  });

  it('reads names with blanks and without quotes', async () => {
    write('my game 3.bin', makeSound(5));
    const disc = await withDisc(write('x.gdi', '1\n1 0 0 2352 my game 3.bin 0\n'));
    expect(placesOf(disc)).toEqual([[1, 0, 5]]);
  });

  it('whose tracks go back is refused with the line', async () => {
    write('a.bin', makeSound(5));
    const gdi = write('x.gdi', '2\n1 100 0 2352 a.bin 0\n2 50 0 2352 a.bin 0\n');
    await expect(withDisc(gdi)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('in line 3') as string,
    });
  });

  it('says what it lacks', async () => {
    write('a.bin', makeSound(5));
    const disc = await withDisc(write('x.gdi', '2\n1 0 0 2352 a.bin 0\n2 500 4 2352 b.bin 0\n'));
    expect(codesOf(disc)).toEqual(['missing-image-file']);
    expect(placesOf(disc)).toEqual([
      [1, 0, 5],
      [1, 500, 0],
    ]);
  });
});
