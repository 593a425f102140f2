// U8: discs with a tree of ISO 9660 and one of UDF, which agree or do not.
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import { FIRST_LOOK } from '../../../src/filesystem/choose/compare-bridge.js';
import { openImage } from '../../../src/image/open-image.js';
import { checkImage } from '../../../src/present/inspect/check-image.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { readAll } from '../../support/judges/opened-bytes.js';
import { needs } from '../../support/needs.js';
import { tagged } from '../../../scripts/support/udf-builder.js';

/** Sets the flag of deleted files (ECMA-167 4/14.4.3) in the identifier of a name, as no option of genisoimage does. */
async function hideFromUdf(path: string, name: string): Promise<void> {
  const bytes = await readFile(path);
  let at = 0;
  do at = bytes.indexOf(name, at + 1, 'latin1');
  while (bytes.readUInt16LE(at - 39) !== 257);
  const start = at - 39;
  bytes[start + 18]! |= 4;
  const length = (39 + name.length + 3) & ~3;
  tagged(257, bytes.readUInt32LE(start + 12), bytes.subarray(start, start + length));
  await writeFile(path, bytes);
}

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

  it('the UDF tree is shown where both hold the same, as Linux and Windows do', async () => {
    await using image = await openImage(await build('-R'));
    expect(image.trees.map(({ kind }) => kind)).toEqual(['rock-ridge', 'iso9660', 'udf']);
    expect(image.tree.kind).toBe('udf');
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

  it('a file that only UDF has is shown and told, however deep it lies', async () => {
    await mkdir(join(folder, 'tree', 'deep', 'er'), { recursive: true });
    await writeFile(join(folder, 'tree', 'deep', 'er', 'lost.txt'), 'lost');
    const path = await build('-R', '-hide', 'lost.txt');
    await rm(join(folder, 'tree', 'deep'), { recursive: true });
    await using image = await openImage(path);
    expect(image.tree.kind).toBe('udf');
    expect(disagreements(image)).toEqual([
      'The rock-ridge tree lacks 1 entry of the udf tree: "/deep/er/lost.txt"; the udf tree is shown',
    ]);
    await checkImage(image);
    expect(disagreements(image)[1]).toBe(
      'Trees of the bridge disc disagree: only the udf tree has "/deep/er/lost.txt"',
    );
  });

  it('the ISO 9660 tree is shown where UDF lacks a file and it lacks none', async () => {
    const path = await build('-R');
    await hideFromUdf(path, 'README.TXT');
    await using image = await openImage(path);
    expect(image.tree.kind).toBe('rock-ridge');
    expect(disagreements(image)).toEqual([
      'The udf tree lacks 1 entry of the rock-ridge tree: "/README.TXT"; the rock-ridge tree is shown',
    ]);
  });

  it('the tree that lacks fewer bytes is shown where both lack some, and how to see the rest is told', async () => {
    const path = await build('-R', '-hide', 'setup*', '-hide', 'VIDEO_TS');
    await hideFromUdf(path, 'README.TXT');
    await using image = await openImage(path);
    expect(image.tree.kind).toBe('udf');
    expect(disagreements(image)).toEqual([
      'The udf tree lacks 1 entry of the rock-ridge tree: "/README.TXT"; see it with --tree rock-ridge',
      'The rock-ridge tree lacks 3 entries of the udf tree: "/VIDEO_TS", "/setup with a long name.exe", ' +
        '"/VIDEO_TS/VIDEO_TS.IFO"; the udf tree is shown',
    ]);
  });

  it('the Rock Ridge tree is shown where UDF has empty files for its symbolic links', async () => {
    const link = join(folder, 'tree', 'VIDEO_TS', 'link');
    await symlink('VIDEO_TS.IFO', link);
    const path = await build('-R');
    await rm(link);
    await using image = await openImage(path);
    expect(image.tree.kind).toBe('rock-ridge');
    expect(disagreements(image)).toEqual([
      'The udf tree lacks 1 entry of the rock-ridge tree: "/VIDEO_TS/link"; the rock-ridge tree is shown',
    ]);
  });

  it('the ISO 9660 tree is shown where the root of UDF is damaged, and that is told', async () => {
    const path = await build('-R');
    const bytes = await readFile(path);
    // The root is the first directory of the partition, which begins at sector 257; its entry is the first of all.
    let at = -1;
    for (let sector = 257; at < 0; sector += 1)
      if (bytes.readUInt16LE(sector * 2048) === 261) at = sector * 2048;
    bytes.fill(0, at, at + 2048);
    await writeFile(path, bytes);
    await using image = await openImage(path);
    expect(image.tree.kind).toBe('rock-ridge');
    expect(disagreements(image)[0]).toBe(
      'Root of the udf tree is empty or damaged, the rock-ridge tree is shown',
    );
  });

  it('only a check reads more than the upper directories where UDF lacks nothing there', async () => {
    const many = join(folder, 'tree', 'many');
    await mkdir(many);
    for (let i = 0; i < FIRST_LOOK.entries; i += 1) await writeFile(join(many, `file ${i}`), '');
    await mkdir(join(many, 'sub', 'below'), { recursive: true });
    await symlink('.', join(many, 'sub', 'below', 'link'));
    const path = await build('-R');
    await rm(many, { recursive: true });
    await using image = await openImage(path);
    expect(image.tree.kind).toBe('udf');
    expect(disagreements(image)).toEqual([]);
    await checkImage(image);
    expect(disagreements(image)).toEqual([
      'Trees of the bridge disc disagree: the rock-ridge and udf trees differ in what has the name ' +
        '"/many/sub/below/link" (symbolic link, empty file)',
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
      'The rock-ridge tree lacks 3 entries of the udf tree: "/VIDEO_TS", "/setup with a long name.exe", ' +
        '"/VIDEO_TS/VIDEO_TS.IFO"; the udf tree is shown',
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
