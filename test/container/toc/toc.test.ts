// TOC files of cdrdao: tracks put together from files and silence, and that cdrdao itself reads them so.
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { buildIso } from '../../support/builders/iso-builder.js';
import { wrapSectors } from '../../support/builders/raw-sectors.js';
import { makeSound, swapSound, wrapWave } from '../../support/builders/sound-files.js';
import { needs } from '../../support/needs.js';
import { codesOf, placesOf, readData, readRaw, useSheetFolder } from '../sheet/sheet-folder.js';

const { write, withDisc, path } = useSheetFolder('isodrive-toc-');
const PLAIN = Buffer.from(buildIso({ root: [{ name: 'F.;1', extent: 30, size: 2048 }] }));
/** cdrdao wants tracks of four seconds. */
const DATA = Buffer.concat([PLAIN, Buffer.alloc(400 * 2048 - PLAIN.length)]);
const RAW = wrapSectors(DATA, { mode: 'mode1' });

describe('a TOC file', () => {
  it(
    'of a mixed mode disc gives each track its sectors, as cdrdao counts them',
    needs('cdrdao'),
    async () => {
      const [one, two] = [makeSound(500, 1), makeSound(400, 2)];
      write('data.bin', Buffer.concat([RAW, swapSound(one)]));
      write('two.wav', wrapWave(two));
      const toc = write(
        'disc.toc',
        `CD_ROM
CATALOG "1234567890123"
CD_TEXT {
  LANGUAGE_MAP { 0 : EN }
  LANGUAGE 0 {
    TITLE "The \\"Disc\\""
    PERFORMER "Band"
  }
}
// Track 1
TRACK MODE1_RAW
NO COPY
DATAFILE "data.bin" 00:05:25 // length in bytes: 940800
ZERO MODE1_RAW 00:02:00
TRACK AUDIO
COPY
PRE_EMPHASIS
ISRC "USRC17607839"
CD_TEXT { LANGUAGE 0 { TITLE "Song" PERFORMER "Singer" } }
SILENCE 00:02:00
FILE "data.bin" #${RAW.length} 0 00:06:50
START 00:02:00
INDEX 00:01:00
TRACK AUDIO
PREGAP 00:01:00
AUDIOFILE "two.wav" ${100 * 588} ${300 * 588}
`,
      );
      const disc = await withDisc(toc, async (opened) => {
        expect((await readData(opened, 0, 400)).equals(DATA)).toBe(true);
        expect((await readRaw(opened, 700, 500)).equals(one)).toBe(true);
        const gap = Buffer.alloc(75 * 2352);
        expect(
          (await readRaw(opened, 1200, 375)).equals(Buffer.concat([gap, two.subarray(100 * 2352)])),
        ).toBe(true);
      });
      expect(disc).toMatchObject({
        ...{ format: 'toc', medium: 'cd', catalog: '1234567890123', title: 'The "Disc"', performer: 'Band' },
        sessions: [
          {
            kind: 'cd-rom',
            tracks: [
              { number: 1, mode: 'mode1', start: 0, length: 550 },
              {
                ...{ number: 2, mode: 'audio', start: 700, length: 500, pregap: 150, indexes: [775] },
                ...{ isrc: 'USRC17607839', copyPermitted: true, preEmphasis: true, title: 'Song' },
              },
              { number: 3, mode: 'audio', start: 1275, length: 300, pregap: 75 },
            ],
          },
        ],
      });
      expect(codesOf(disc)).toEqual([]);
      const shown = spawnSync('cdrdao', ['show-toc', toc], { encoding: 'utf8' });
      const starts = [...(shown.stdout + shown.stderr).matchAll(/START\s+(\d\d):(\d\d):(\d\d)\((\s*\d+)\)/g)];
      expect(starts.map(([, , , , at]) => Number(at))).toEqual([0, 700, 1275]);
    },
  );

  it('is found by its data file, and takes low byte first where it says so', async () => {
    const sound = makeSound(20);
    write('x.bin', sound);
    write('x.toc', 'CD_DA\nTRACK AUDIO\nFILE "x.bin" SWAP 0\n');
    const disc = await withDisc(path('x.bin'), async (opened) => {
      expect((await readRaw(opened, 0, 20)).equals(sound)).toBe(true);
    });
    expect([disc.format, placesOf(disc)]).toEqual(['toc', [[1, 0, 20]]]);
  });

  it('of which a piece ends within a sector lacks what follows, and says so', async () => {
    write('x.bin', makeSound(20));
    const toc = write('x.toc', 'CD_DA\nTRACK AUDIO\nFILE "x.bin" 0 100\nFILE "x.bin" 588 588\n');
    expect(codesOf(await withDisc(toc))).toEqual(['unaligned-piece']);
  });

  it.each([
    ['a mode that is none', 'TRACK AUDIO\nTRACK MODE9\n'],
    ['a length that is none', 'TRACK AUDIO\nFILE "x.bin" zero\n'],
    ['texts without an end', 'TRACK AUDIO\nFILE "x.bin" 0\nCD_TEXT {\n'],
  ])('with %s is refused with its line', async (_what, text) => {
    write('x.bin', makeSound(1));
    const toc = write('x.toc', text.includes('FILE') ? text : `${text}FILE "x.bin" 0\n`);
    await expect(withDisc(toc)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('in line') as string,
    });
  });

  it.each([
    ['MODE1', DATA, 'mode1'],
    ['MODE2_FORM1', DATA, 'xa'],
    ['MODE2_FORM_MIX', wrapSectors(DATA, { mode: 'xa', isHeadless: true }), 'xa'],
    ['MODE2_RAW', wrapSectors(DATA, { mode: 'xa' }), 'xa'],
    ['MODE1_RAW RW_RAW', wrapSectors(DATA, { mode: 'mode1', subchannel: 96 }), 'mode1'],
  ] as const)('of mode %s gives user data', async (mode, bytes, expected) => {
    write('x.bin', bytes);
    const toc = write('x.toc', `CD_ROM_XA\nTRACK ${mode}\nDATAFILE "x.bin"\n`);
    const disc = await withDisc(toc, async (opened) => {
      expect((await readData(opened, 0, 400)).equals(DATA)).toBe(true);
    });
    expect(disc.sessions[0]!.tracks[0]!.mode).toBe(expected);
    expect(disc.subchannel === undefined).toBe(!mode.endsWith('RAW RW_RAW'));
  });
});
