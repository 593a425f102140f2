// DVD-Video on UDF: players look for VIDEO_TS in its case and read its files by their place on the disc, so each must be
// one run of bytes.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram, mustRun } from '../../scripts/bench/run-command.js';
import { readExtents } from '../../src/index/node-record.js';
import { openImage } from '../../src/index/open-image.js';

const SIZES = {
  'VIDEO_TS.IFO': 12_288,
  'VIDEO_TS.BUP': 12_288,
  'VTS_01_1.VOB': 5_000_000,
  'VTS_01_2.VOB': 2048,
};

describe.skipIf(!(await hasProgram('genisoimage')))('A disc with DVD-Video (needs genisoimage)', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-dvd-'));
    await mkdir(join(folder, 'tree', 'VIDEO_TS'), { recursive: true });
    await mkdir(join(folder, 'tree', 'AUDIO_TS'));
    for (const [name, size] of Object.entries(SIZES)) {
      await writeFile(join(folder, 'tree', 'VIDEO_TS', name), Buffer.alloc(size, name));
    }
    const path = join(folder, 'dvd.iso');
    await mustRun('genisoimage', ['-quiet', '-udf', '-o', path, join(folder, 'tree')]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is shown as UDF, its files one run each that starts at a sector', async () => {
    await using image = await openImage(join(folder, 'dvd.iso'));
    expect(image.tree.kind).toBe('udf');
    for (const [name, size] of Object.entries(SIZES)) {
      const runs = readExtents(image.index.table, await image.index.resolve(`/VIDEO_TS/${name}`));
      expect(runs).toHaveLength(1);
      expect(runs[0]!.length).toBe(size);
      expect(runs[0]!.offset! % 2048).toBe(0);
    }
  });
});
