// isodrive map: the picture as a browser renders it, checked by its pixels and by what a pointer meets.
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { LinearTrack, SpiralTrack } from '../../src/present/map/track.js';
import { formatMapText } from '../../src/source/rescue-map/rescue-map-text.js';
import { RescueMap } from '../../src/source/rescue-map/rescue-map.js';
import { expectFailure } from '../support/judges/command-failure.js';
import { findExtent, makeSampleImage } from '../support/builders/sample-image.js';
import { decodePng } from '../support/judges/png.js';
import { needs } from '../support/needs.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');
const SECTOR = 2048;
const FILES = { 'early/first.bin': 300_000, 'late/<big> & "bad".bin': 3_000_000, 'late/last.bin': 700_000 };
const WINDOW = [1040, 900] as const;
const LIGHT = { back: '#ffffff', files: ['#2f6fd0', '#7fb0f5'], bad: '#d1122b' };
const DARK = { back: '#0d1117', files: ['#4a8df0', '#2a5db0'], bad: '#ff4d5e' };

describe('isodrive map', needs('xorriso', 'isoinfo'), () => {
  let folder: string;
  let image: string;
  let size: number;
  let bad: number;
  const map = (...args: string[]): Promise<CommandResult> =>
    runCommand(process.execPath, [MAIN, 'map', image, ...args]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-map-'));
    const sample = await makeSampleImage(folder, FILES);
    image = join(folder, 'disc.iso');
    await copyFile(sample.image, image);
    ({ size } = await readFile(image).then((bytes) => ({ size: bytes.length })));
    bad = (await findExtent(image, '/late/<big> & "bad".bin')) + 800 * SECTOR;
    const rescue = new RescueMap(size);
    rescue.mark(0, size, '+');
    rescue.mark(bad, 60 * SECTOR, '-');
    rescue.mark(bad + 200 * SECTOR, 60 * SECTOR, '?');
    await writeFile(`${image}.map`, formatMapText(rescue, { position: 0, phase: '+', pass: 1 }, []));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('shows a coarse map on the terminal', async () => {
    const { status, stdout } = await map();
    expect(status).toBe(0);
    const text = stdout.toString();
    expect(text).toMatch(/^[XBd?#.]{64}$/m);
    expect(text).toContain('X  bad: cannot be read, 120.0 KiB');
    expect(text).toContain('?  unverified: not read yet, 120.0 KiB');
  });

  it('says as JSON how much there is of what', async () => {
    const { stdout } = await map('--json');
    const { totals, files } = JSON.parse(stdout.toString()) as {
      totals: Record<string, number>;
      files: number;
    };
    expect(files).toBe(3);
    expect(totals).toMatchObject({ bad: 60 * SECTOR, unread: 60 * SECTOR });
    const rounded = Object.values(FILES).map((bytes) => Math.ceil(bytes / SECTOR) * SECTOR);
    expect(totals.file).toBe(rounded.reduce((sum, bytes) => sum + bytes));
  });

  it('writes no picture over the image', async () => {
    expect(expectFailure(await map('-o', image, '--json'))).toMatchObject({ code: 'usage', exit: 2 });
    expect((await readFile(image)).length).toBe(size);
  });

  /** Runs the browser once over a page of the folder. */
  const browse = async (page: string, ...args: string[]): Promise<string> => {
    const options = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars'];
    const profile = await mkdtemp(join(folder, 'profile-'));
    const window = `--window-size=${WINDOW.join(',')}`;
    const url = `file://${join(folder, page)}`;
    const { stdout } = await mustRun(
      'chromium',
      [...options, `--user-data-dir=${profile}`, window, ...args, url],
      { timeout: 50_000, env: { ...process.env, HOME: profile } },
    );
    return stdout.toString();
  };

  describe.each([
    ['spiral', new SpiralTrack()],
    ['linear', new LinearTrack()],
  ] as const)('as %s', needs('chromium'), (style, track) => {
    /** Where a byte is drawn, in the picture's own units. */
    const placeOf = (svg: string, byte: number): [number, number] => {
      const [, x, y] = /<g transform="translate\((\d+) (\d+)\)">/.exec(svg)!;
      const share = byte / size;
      const [, px, py] = /^M([\d.]+) ([\d.]+)/.exec(track.path(share, share + 0.001, 'data'))!;
      return [Number(x) + Number(px), Number(y) + Number(py)];
    };
    /** The document in a page whose pixels are its units. */
    const draw = async (): Promise<string> => {
      expect((await map('-o', join(folder, 'disc.svg'), '--style', style)).status).toBe(0);
      const svg = await readFile(join(folder, 'disc.svg'), 'utf8');
      const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!;
      const sized = svg.replace('<svg ', `<svg width="${width}" height="${height}" style="display:block" `);
      await writeFile(join(folder, 'page.html'), `<!DOCTYPE html><body style="margin:0">${sized}</body>`);
      return svg;
    };

    it.each([
      ['light', '1', LIGHT],
      ['dark', '0', DARK],
    ])('has its colours where the bytes are, on a %s screen', async (_, scheme, colours) => {
      const svg = await draw();
      const file = join(folder, `${style}.png`);
      await browse('page.html', `--blink-settings=preferredColorScheme=${scheme}`, `--screenshot=${file}`);
      const picture = decodePng(await readFile(file));
      expect(picture.pixel(4, 4)).toBe(colours.back);
      expect(picture.pixel(...placeOf(svg, bad + 30 * SECTOR))).toBe(colours.bad);
      const big = await findExtent(image, '/late/<big> & "bad".bin');
      expect(colours.files).toContain(picture.pixel(...placeOf(svg, big + 100 * SECTOR)));
    });

    it('tells the pointer what is there', async () => {
      const svg = await draw();
      const first = await findExtent(image, '/early/first.bin');
      const last = await findExtent(image, '/late/last.bin');
      const places = [
        first + 20 * SECTOR,
        last + 20 * SECTOR,
        bad + 30 * SECTOR,
        bad + 230 * SECTOR,
        17 * SECTOR,
      ];
      const script = `document.body.append(JSON.stringify(${JSON.stringify(places.map((byte) => placeOf(svg, byte)))}
        .map(([x, y]) => document.elementFromPoint(x, y).querySelector('title')?.textContent ?? '')))`;
      const page = join(folder, 'page.html');
      await writeFile(page, `${await readFile(page, 'utf8')}<script>${script}</script>`);
      const dom = await browse('page.html', '--dump-dom');
      const titles = JSON.parse(/\[".*"\]/.exec(dom)![0]) as string[];
      expect(titles[0]).toMatch(/^\/early\/first\.bin\n/);
      expect(titles[1]).toMatch(/^\/late\/last\.bin\n/);
      expect(titles[2]).toMatch(/^Bad: cannot be read\n120\.0 KiB here/);
      expect(titles[3]).toMatch(/^Unverified: /);
      expect(titles[4]).toMatch(/^Structure: volume descriptors/);
    });

    it('is well-formed XML that a parser takes', async () => {
      await draw();
      // As an image of its own the browser shows a parse error instead of the title.
      expect(await browse('disc.svg', '--dump-dom')).toContain('Map of disc.iso');
      expect(await browse('disc.svg', '--dump-dom')).not.toContain('parsererror');
    });
  });
});
