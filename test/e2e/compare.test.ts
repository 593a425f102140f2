// isodrive checksum and compare as users run them, beside coreutils and diff.
import { copyFile, mkdtemp, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { expectFailure } from '../support/judges/command-failure.js';
import { findExtent, makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');
const SECTOR = 2048;
const FILES = { 'early/first.bin': 300_000, 'late/big.bin': 3_000_000, 'late/odd name': 700, empty: 0 };

describe('isodrive checksum and compare', needs('xorriso', 'isoinfo'), () => {
  let root: string;
  let image: string;
  let tree: string;
  let changed: string;
  let offset: number;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'isodrive-compare-'));
    ({ image, tree } = await makeSampleImage(root, FILES));
    changed = join(root, 'changed.iso');
    await copyFile(image, changed);
    offset = (await findExtent(image, '/late/big.bin')) + 5 * SECTOR + 17;
    const bytes = await readFile(changed);
    bytes[offset]! ^= 1;
    await writeFile(changed, bytes);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const run = (...args: string[]): Promise<CommandResult> => runCommand(process.execPath, [MAIN, ...args]);

  it.each([
    ['md5', 'md5sum'],
    ['sha1', 'sha1sum'],
    ['sha256', 'sha256sum'],
    ['sha512', 'sha512sum'],
    ['blake2b', 'b2sum'],
  ])('prints for the image what %s of coreutils prints', async (algorithm, program) => {
    const ours = await run('checksum', image, '--hash', algorithm);
    expect(ours.stdout.toString()).toBe((await mustRun(program, [image])).stdout.toString());
  });

  it('prints lines by which coreutils check the files', async () => {
    const list = join(root, 'list');
    await writeFile(list, (await run('checksum', image, '/')).stdout);
    const check = await mustRun('sha256sum', ['-c', '--strict', list], { cwd: tree });
    expect(check.stdout.toString().trim().split('\n').length).toBe(Object.keys(FILES).length);
    await writeFile(list, (await run('checksum', image, '/late', '--hash', 'md5,sha512')).stdout);
    for (const program of ['md5sum', 'sha512sum']) {
      expect((await runCommand(program, ['-c', list], { cwd: tree })).stdout.toString()).toContain(
        'late/odd name: OK',
      );
    }
  });

  it('finds an image the same as its copy and as the tree that it was made of', async () => {
    const copy = join(root, 'copy.iso');
    await copyFile(image, copy);
    expect((await run('compare', image, copy)).stdout.toString()).toBe('the same in every sector\n');
    const files = await run('compare', image, tree);
    expect([files.status, files.stdout.toString()]).toEqual([0, 'the same files\n']);
  });

  it('says which sector and which file differ', async () => {
    const result = await run('compare', image, changed, '--json');
    expect(expectFailure(result)).toMatchObject({ code: 'verification-failed', exit: 10 });
    expect(JSON.parse(result.stdout.toString())).toMatchObject({
      same: false,
      sectors: [{ position: Math.floor(offset / SECTOR) * SECTOR, size: SECTOR }],
      files: [{ path: '/late/big.bin', kind: 'content', detail: `first differs at byte ${5 * SECTOR + 17}` }],
    });
  });

  it('says what a directory has more, less and differently', async () => {
    const other = await mkdtemp(join(root, 'tree-'));
    await mustRun('cp', ['-a', `${tree}/.`, other]);
    await writeFile(join(other, 'late/odd name'), 'short');
    await writeFile(join(other, 'new'), 'new');
    await unlink(join(other, 'empty'));
    await unlink(join(other, 'early/first.bin'));
    await symlink('x', join(other, 'early/first.bin'));
    const result = await run('compare', image, other, '--json');
    expect(result.status).toBe(10);
    const { files } = JSON.parse(result.stdout.toString()) as { files: { path: string; kind: string }[] };
    expect(files.map(({ path, kind }) => `${path} ${kind}`)).toEqual([
      '/early/first.bin type',
      '/empty only-in-a',
      '/late/odd name size',
      '/new only-in-b',
    ]);
  });
});
