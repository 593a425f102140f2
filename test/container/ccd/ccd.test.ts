// Images of CloneCD: the table of contents, sessions without what lies between them, and subchannels.
import { describe, expect, it } from 'vitest';
import { buildIso } from '../../support/builders/iso-builder.js';
import { wrapSectors } from '../../support/builders/raw-sectors.js';
import { makeSound } from '../../support/builders/sound-files.js';
import { codesOf, placesOf, readData, readRaw, useSheetFolder } from '../sheet/sheet-folder.js';

const { write, withDisc, path } = useSheetFolder('isodrive-ccd-');
const PLAIN = Buffer.from(buildIso({ root: [{ name: 'F.;1', extent: 30, size: 2048 }] }));
const SECTORS = PLAIN.length / 2048;

interface Point {
  readonly session?: number;
  readonly point: number;
  readonly at: number;
  readonly control?: number;
  readonly second?: number;
}

/** A table as CloneCD writes it. */
function table(points: readonly Point[], rest = '', version = 3): string {
  const entries = points.map(({ session = 1, point, at, control = 0, second = 0 }, i) =>
    [
      `[Entry ${i}]`,
      `Session=${session}`,
      `Point=0x${point.toString(16).padStart(2, '0')}`,
      'ADR=0x01',
      `Control=0x0${control}`,
      ...['TrackNo=0', 'AMin=0', 'ASec=0', 'AFrame=0', 'ALBA=-150', 'Zero=0', 'PMin=0'],
      ...[`PSec=${second}`, 'PFrame=0', `PLBA=${at}`],
    ].join('\r\n'),
  );
  const head = `[CloneCD]\r\nVersion=${version}\r\n[Disc]\r\nTocEntries=${points.length}\r\nSessions=1\r\n`;
  return `${head}DataTracksScrambled=0\r\nCDTextLength=0\r\nCATALOG=1234567890123\r\n${entries.join('\r\n')}\r\n${rest}`;
}

describe('an image of CloneCD', () => {
  it('of a mixed mode disc gives tracks, pauses and subchannels', async () => {
    const sound = makeSound(350);
    const raw = Buffer.concat([wrapSectors(PLAIN, { mode: 'xa' }), sound]);
    write('x.img', raw);
    const sub = Buffer.from(Array.from({ length: (raw.length / 2352) * 96 }, (_, i) => (i * 7) % 251));
    write('x.sub', sub);
    const ccd = write(
      'x.ccd',
      table(
        [
          { point: 0xa0, at: 4350, second: 0x20 },
          { point: 0xa1, at: 4350 },
          { point: 0xa2, at: SECTORS + 350 },
          { point: 2, at: SECTORS + 150 },
          { point: 1, at: 0, control: 4 },
          { point: 1, at: 99, control: 4 },
        ],
        `[TRACK 1]\r\nMODE=1\r\nINDEX 1=0\r\n[TRACK 2]\r\nMODE=0\r\nISRC=USRC17607839\r\nINDEX 0=${SECTORS}\r\n` +
          `INDEX 1=${SECTORS + 150}\r\nINDEX 2=${SECTORS + 200}\r\n`,
      ),
    );
    for (const opened of [ccd, path('x.img')]) {
      const disc = await withDisc(opened, async (one) => {
        expect((await readData(one, 0, SECTORS)).equals(PLAIN)).toBe(true);
        expect((await readRaw(one, SECTORS, 350)).equals(sound)).toBe(true);
        const bytes = Buffer.alloc(sub.length);
        expect(await one.subchannel!.stream.read(bytes, 0)).toBe(sub.length);
        expect(bytes.equals(sub)).toBe(true);
      });
      expect(disc).toMatchObject({
        ...{ format: 'ccd', catalog: '1234567890123', subchannel: { form: 'linear' } },
        sessions: [
          {
            ...{ kind: 'xa', leadOut: SECTORS + 350 },
            tracks: [
              { number: 1, mode: 'xa', start: 0, length: SECTORS },
              {
                number: 2,
                start: SECTORS + 150,
                pregap: 150,
                indexes: [SECTORS + 200],
                isrc: 'USRC17607839',
              },
            ],
          },
        ],
      });
      expect(codesOf(disc)).toEqual([]);
    }
  });

  it.each([0, 150])(
    'of two sessions has the second behind the first, with %i sectors of its pause',
    async (stored) => {
      const start = 1000 + 11_400;
      const pause = wrapSectors(Buffer.alloc(stored * 2048), { mode: 'mode1', start: start - stored });
      write('x.img', Buffer.concat([makeSound(1000), pause, wrapSectors(PLAIN, { mode: 'mode1', start })]));
      const ccd = write(
        'x.ccd',
        table([
          { point: 0xa0, at: 0 },
          { point: 0xa2, at: 1000 },
          { point: 1, at: 0 },
          { point: 0xa0, at: 0, session: 2 },
          { point: 0xa2, at: start + SECTORS, session: 2 },
          { point: 2, at: start, control: 4, session: 2 },
        ]),
      );
      const disc = await withDisc(ccd, async (opened) => {
        expect((await readData(opened, start, SECTORS)).equals(PLAIN)).toBe(true);
      });
      expect(placesOf(disc)).toEqual([
        [1, 0, 1000],
        [2, start, SECTORS],
      ]);
      expect([disc.subchannel, codesOf(disc)]).toEqual([undefined, []]);
    },
  );

  it('of version 2 has no points within tracks', async () => {
    write('x.img', makeSound(600));
    const ccd = write(
      'x.ccd',
      table(
        [
          { point: 1, at: 0 },
          { point: 2, at: 300 },
          { point: 0xa2, at: 600 },
        ],
        '',
        2,
      ),
    );
    expect(placesOf(await withDisc(ccd))).toEqual([
      [1, 0, 300],
      [1, 300, 300],
    ]);
  });

  it('gives its CD-TEXT with the codes of the packs', async () => {
    write('x.img', makeSound(10));
    const packs = '[CDText]\r\nEntries=1\r\nEntry 0=80 00 00 00 41 6c 62 75 6d 00 53 6f 6e 67 00 00\r\n';
    const disc = await withDisc(
      write(
        'x.ccd',
        table(
          [
            { point: 1, at: 0 },
            { point: 0xa2, at: 10 },
          ],
          packs,
        ),
      ),
    );
    expect(disc.cdText!.length).toBe(18);
    expect([disc.title, disc.sessions[0]!.tracks[0]!.title]).toEqual(['Album', 'Song']);
    expect(Buffer.from(disc.cdText!.subarray(0, 16)).toString('latin1')).toContain('Album\0Song');
  });

  it('that is cut off, or has no image, says so', async () => {
    write('x.img', makeSound(100));
    const ccd = write(
      'x.ccd',
      table([
        { point: 1, at: 0 },
        { point: 0xa2, at: 600 },
      ]),
    );
    const disc = await withDisc(ccd);
    expect(codesOf(disc)).toEqual(['short-image-file']);
    const alone = write('y.ccd', table([{ point: 1, at: 0 }]));
    await expect(withDisc(alone)).rejects.toMatchObject({ code: 'damaged' });
  });
});
