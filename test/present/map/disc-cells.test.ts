// The disc cut into cells, its segments, and the track that they are drawn on.
import { describe, expect, it } from 'vitest';
import { divideDisc } from '../../../src/present/map/disc-cells.js';
import type { Area, DiscAreas } from '../../../src/present/map/disc-areas.js';
import { renderRescueBar } from '../../../src/present/map/rescue-bar.js';
import { joinCells } from '../../../src/present/map/segments.js';
import { LinearTrack, SpiralTrack, TRACK_SIDE } from '../../../src/present/map/track.js';
import type { Track } from '../../../src/present/map/track.js';
import { escapeXml } from '../../../src/present/map/xml-text.js';
import { RescueMap } from '../../../src/source/rescue-map/rescue-map.js';

const SECTOR = 2048;

function disc(sectors: number, areas: Partial<DiscAreas['areas']>): DiscAreas {
  const none = { bad: [], unread: [], boot: [], structure: [], file: [] };
  const image = { index: { path: (row: number) => `/file-${row}` } };
  return {
    image: image as unknown as DiscAreas['image'],
    size: sectors * SECTOR,
    areas: { ...none, ...areas },
    files: 0,
    sessions: [],
    partitions: [],
  };
}

const area = (row: number, from: number, to: number): Area => ({
  row,
  start: from * SECTOR,
  end: to * SECTOR,
});

describe('A disc in cells', () => {
  it('shows what most of a cell is, and a bad sector whatever else is there', () => {
    const subject = disc(400, {
      file: [area(1, 0, 300)],
      structure: [area(2, 300, 320)],
      bad: [{ ...area(0, 7, 8), name: 'bad' }],
      boot: [{ start: 350 * SECTOR, end: 350 * SECTOR + 10, name: 'boot' }],
    });
    const { cells, cellBytes, totals } = divideDisc(subject, 20);
    expect(cellBytes).toBe(20 * SECTOR);
    expect(cells.map(({ kind }) => kind[0]).join('')).toBe('bffffffffffffffsfbff');
    expect(totals).toEqual({
      bad: SECTOR,
      unread: 0,
      boot: SECTOR,
      structure: 20 * SECTOR,
      file: 300 * SECTOR,
      free: 79 * SECTOR,
    });
  });

  it('counts what several files share once', () => {
    const shared = Array.from({ length: 50 }, (_, row) => area(row, 10, 20));
    const { totals, cells } = divideDisc(disc(100, { file: shared }), 10);
    expect(totals.file).toBe(10 * SECTOR);
    expect(cells[1]).toMatchObject({ kind: 'file', areas: 1, bytes: 10 * SECTOR });
  });

  it('has no more segments than cells, whatever the number of files', () => {
    const files = Array.from({ length: 200_000 }, (_, row) => area(row, row, row + 1));
    const subject = disc(files.length, { file: files });
    const segments = joinCells(subject, divideDisc(subject, 4096));
    expect(segments.length).toBeLessThanOrEqual(4096);
    expect(segments[0]!.title).toBe('49 files, the first is /file-0\n98.0 KiB here, at byte 0');
  });

  it('joins the cells of one file, and tells neighbours apart', () => {
    const subject = disc(100, { file: [area(1, 0, 40), area(2, 40, 80)] });
    const segments = joinCells(subject, divideDisc(subject, 100));
    expect(segments).toMatchObject([
      { kind: 'file', from: 0, to: 40, isOdd: false, title: '/file-1\n80.0 KiB here, at byte 0' },
      { kind: 'file', from: 40, to: 80, isOdd: true },
      { kind: 'free', from: 80, to: 100, title: 'In no file\n40.0 KiB here, at byte 163840' },
    ]);
  });

  it('does no more work than there are files and cells when every file claims the whole disc', () => {
    const files = Array.from({ length: 300_000 }, (_, row) => area(row, 0, 4096));
    const { totals } = divideDisc(disc(4096, { file: files }), 4096);
    expect(totals).toMatchObject({ file: 4096 * SECTOR, free: 0 });
  });
});

const TRACKS: readonly (readonly [string, Track])[] = [
  ['spiral', new SpiralTrack()],
  ['linear', new LinearTrack()],
];

describe.each(TRACKS)('The %s track', (_, track) => {
  const points = (path: string): [number, number][] =>
    Array.from(path.matchAll(/(?:M|0 1 )([\d.]+) ([\d.]+)/g), ([, x, y]) => [Number(x), Number(y)]);

  it('stays in its square from the first to the last byte', () => {
    for (const lane of ['data', 'sessions', 'partitions'] as const) {
      for (const [x, y] of points(track.path(0, 1, lane))) {
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(Math.max(x, y)).toBeLessThanOrEqual(TRACK_SIDE);
      }
    }
  });

  it('gives each place one path, however short', () => {
    const starts = Array.from({ length: track.cells }, (_unused, cell) =>
      track.path(cell / track.cells, (cell + 1) / track.cells, 'data'),
    );
    expect(new Set(starts).size).toBe(track.cells);
    for (const path of starts) expect(path).toMatch(/^M[\d.]+ [\d.]+[AH]/);
  });
});

describe('Text in a picture', () => {
  it('is well-formed XML, and cannot end its element', () => {
    expect(escapeXml('</title><script>"&\u0001\ud800\u202e\n')).toBe(
      '&lt;/title&gt;&lt;script&gt;&quot;&amp;\ufffd\ufffd\ufffd\n',
    );
  });
});

describe('The bar of a rescue', () => {
  it('shows what is read, bad, passed over and not tried', () => {
    const map = new RescueMap(1000);
    map.mark(0, 350, '+');
    map.mark(500, 100, '*');
    map.mark(600, 100, '+');
    map.mark(650, 1, '-');
    expect(renderRescueBar(map, 10)).toBe('###+./x...');
    expect(renderRescueBar(new RescueMap(0), 3)).toBe('###');
  });
});
