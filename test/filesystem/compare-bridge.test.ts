// U8: discs with a tree of ISO 9660 and one of UDF, which agree or do not.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/bench/run-command.js';
import { openImage } from '../../src/index/open-image.js';
import { checkImage } from '../../src/present/check-image.js';
import type { OpenedImage } from '../../src/index/open-image.js';
import { readAll } from '../support/opened-bytes.js';
import { needs } from '../support/needs.js';

describe('U8: of a bridge disc (needs genisoimage)', needs('genisoimage'), () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-bridge-'));
    await mkdir(join(folder, 'tree', 'VIDEO_TS'), { recursive: true });
    await writeFile(join(folder, 'tree', 'README.TXT'), 'read me');
    await writeFile(join(folder, 'tree', 'setup with a long name.exe'), 'setup');
    await writeFile(join(folder, 'tree', 'VIDEO_TS', 'VIDEO_TS.IFO'), 'video');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const build = async (...options: string[]): Promise<string> => {
    const path = join(folder, 'bridge.iso');
    await mustRun('genisoimage', ['-quiet', '-udf', ...options, '-o', path, join(folder, 'tree')]);
    return path;
  };
  const disagreements = (image: OpenedImage): string[] =>
    image.findings.findings
      .filter(({ code }) => code === 'bridge-disagreement')
      .map(({ message }) => message);

  it('the Rock Ridge tree is shown where both hold the same', async () => {
    await using image = await openImage(await build('-R'));
    expect(image.trees.map(({ kind }) => kind)).toEqual(['rock-ridge', 'iso9660', 'udf']);
    expect(image.tree.kind).toBe('rock-ridge');
    expect(disagreements(image)).toEqual([]);
    expect(image.volume.udf).toMatchObject({ revision: '1.02', partitions: ['physical'] });
  });

  it('the UDF tree is shown where the other has short names only, with the case that players look for', async () => {
    await using image = await openImage(await build());
    expect(image.tree.kind).toBe('udf');
    expect(disagreements(image)).toEqual([]);
    const { entries } = await readAll(image);
    expect([...entries.keys()]).toContain('/VIDEO_TS/VIDEO_TS.IFO');
    expect([...entries.keys()]).toContain('/setup with a long name.exe');
  });

  it('names that only one of the trees has are told by a check, however deep they are', async () => {
    await mkdir(join(folder, 'tree', 'deep', 'er'), { recursive: true });
    await writeFile(join(folder, 'tree', 'deep', 'er', 'lost.txt'), 'lost');
    const path = await build('-R', '-hide', 'lost.txt');
    await rm(join(folder, 'tree', 'deep'), { recursive: true });
    await using image = await openImage(path);
    expect(disagreements(image)).toEqual([]);
    await checkImage(image);
    expect(disagreements(image)).toEqual([
      'Trees of the bridge disc disagree: only the udf tree has "/deep/er/lost.txt"',
    ]);
  });

  it('a check of equal trees has nothing to tell', async () => {
    await using image = await openImage(await build('-R', '-J'));
    await checkImage(image);
    expect(disagreements(image)).toEqual([]);
  });

  it('the UDF tree is shown where the other has nothing but a README, and the difference is told', async () => {
    const path = await build('-R', '-hide', 'setup*', '-hide', 'VIDEO_TS');
    await using image = await openImage(path);
    expect(image.tree.kind).toBe('udf');
    expect(disagreements(image)).toEqual([
      'Root of the rock-ridge tree lists 1 names, that of the udf tree 3, only udf has "VIDEO_TS", ' +
        '"setup with a long name.exe"; the udf tree is shown',
    ]);
  });

  it('each tree can be asked for', async () => {
    const path = await build('-R');
    for (const tree of ['udf', 'rock-ridge', 'iso9660'] as const) {
      await using image = await openImage(path, { tree });
      expect(image.tree.kind).toBe(tree);
    }
  });
});
