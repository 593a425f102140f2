// Images that were split into files: which are parts, and that every byte is where it was.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { volumeMarks } from '../../../src/filesystem/choose/volume-marks.js';
import { openDisc } from '../../../src/container/open-container.js';
import { DiscStreams } from '../../../src/disc/disc-streams.js';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { STREAM } from '../../../src/disc/read-plan.js';
import { openImageFile } from '../../../src/source/open-image-file.js';
import { buildIso } from '../../support/builders/iso-builder.js';

const IMAGE = Buffer.from(buildIso({ root: [{ name: 'F.;1', extent: 30, size: 1 }] }));

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'isodrive-split-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** Names of the parts, by the program that most people split files with. */
function split(stem: string, bytes: number, ...options: readonly string[]): void {
  writeFileSync(join(folder, 'whole'), IMAGE);
  const run = spawnSync('split', ['-b', String(bytes), ...options, 'whole', stem], { cwd: folder });
  expect(run.status).toBe(0);
}

describe('a split image', () => {
  it.each([
    ['x.iso.', 'x.iso.001', ['-a', '3', '--numeric-suffixes=1']],
    ['x.', 'x.000', ['-a', '3', '-d']],
    ['x.iso.', 'x.iso.00', ['-a', '2', '-d']],
  ])('of parts %s* is opened by its first, %s', async (stem, first, options) => {
    split(stem, 10_007, ...options);
    await using files = (await openImageFile(join(folder, first))).files;
    const { disc, source } = await openDisc(files, volumeMarks);
    expect([disc.format, source.size]).toEqual(['iso', IMAGE.length]);
    const bytes = Buffer.alloc(IMAGE.length);
    expect(await disc.data.read(bytes, 0)).toBe(IMAGE.length);
    expect(bytes.equals(IMAGE)).toBe(true);
  });

  it('is planned as the runs of its parts, units cut in two among them', async () => {
    split('x.', 10_007, '-a', '3', '-d');
    await using files = (await openImageFile(join(folder, 'x.000'))).files;
    const { source } = await openDisc(files, volumeMarks);
    const length = Math.floor(IMAGE.length / 2352) * 2048;
    const segment = {
      kind: 'bytes',
      start: 0,
      length,
      base: 0,
      offset: 16,
      unit: 2048,
      stride: 2352,
    } as const;
    const stream = new PlanStream('x', [segment], [source]);
    const plan = new DiscStreams({ data: stream }).native!;
    expect(plan.sizes).toEqual(
      [files.main, ...files.beside.map((one) => one.source)].map(({ size }) => size),
    );
    const byFiles = new PlanStream('x', plan.streams.get(STREAM.data)!, source.parts!);
    const [expected, found] = [Buffer.alloc(length), Buffer.alloc(length)];
    await stream.read(expected, 0);
    expect(await byFiles.read(found, 0)).toBe(length);
    expect(found.equals(expected)).toBe(true);
  });

  it('is no set of discs whose names end in numbers', async () => {
    for (const name of ['x.001', 'x.002']) writeFileSync(join(folder, name), IMAGE);
    await using files = (await openImageFile(join(folder, 'x.001'))).files;
    expect((await openDisc(files, volumeMarks)).source).toBe(files.main);
  });
});
