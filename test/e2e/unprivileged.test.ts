// Somebody who is not root mounts through fusermount3, reads, and unmounts.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_READ_AHEAD } from '../../scripts/bench/contestants.js';
import { getReadAhead, mountAt } from '../../scripts/support/read-ahead.js';
import { listTree } from '../support/programs/list-tree.js';
import { compareEntries } from '../support/judges/manifest.js';
import { findOrdinaryUser } from '../support/machines/ordinary-user.js';
import type { OrdinaryUser } from '../support/machines/ordinary-user.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';
import type { SampleImage } from '../support/builders/sample-image.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

describe('A user without root', needs('xorriso', 'fusermount3'), () => {
  let user: OrdinaryUser;
  let isodrive: PrivateIsodrive;
  let sample: SampleImage;

  beforeAll(async () => {
    user = await findOrdinaryUser();
    isodrive = await PrivateIsodrive.start(user.options);
    sample = await makeSampleImage(isodrive.folder, { 'directory/file.bin': 3_000_000, small: 10 });
  });
  afterEach(() => {
    expect(isodrive.remainingMounts()).toEqual([]);
  });
  afterAll(async () => {
    await isodrive[Symbol.asyncDispose]();
    await user[Symbol.asyncDispose]();
  });

  it('mounts, reads every byte and unmounts through fusermount3', async () => {
    const directory = join(isodrive.folder, 'home');
    const printed = await isodrive.daemon.must('mount', sample.image, '--driver', 'fuse');
    const mountPoint = printed.trimEnd();
    expect(mountPoint).toBe(join(directory, 'Discs', 'SAMPLE'));
    const mount = mountAt(mountPoint);
    expect(mount?.options).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev']));
    expect(await getReadAhead(mount!.device)).toBe(DEFAULT_READ_AHEAD);

    const expected = await listTree(sample.tree);
    const found = await listTree(mountPoint, { ...user.identity, timeout: 20_000 });
    const below = (entries: typeof expected): typeof expected => entries.filter(({ path }) => path !== '/');
    expect(compareEntries(below(expected), below(found), { attributes: true })).toEqual([]);

    await isodrive.daemon.must('unmount', 'SAMPLE');
    await expect(stat(mountPoint)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('mounts with driver fuse-native as well', async () => {
    const mountPoint = (
      await isodrive.daemon.must('mount', sample.image, '--driver', 'fuse-native')
    ).trimEnd();
    const found = await listTree(mountPoint, { ...user.identity, timeout: 20_000 });
    const hashes = (entries: typeof found): (string | undefined)[] => entries.map(({ sha256 }) => sha256);
    expect(hashes(found)).toEqual(hashes(await listTree(sample.tree)));
    await isodrive.daemon.must('unmount', mountPoint);
  });

  it('leaves nothing behind when the daemon is told to end', async () => {
    const mountPoint = (await isodrive.daemon.must('mount', sample.image)).trimEnd();
    await isodrive.daemon.must('daemon', 'stop');
    expect(mountAt(mountPoint)).toBeUndefined();
    await isodrive.daemon.start();
  });
});
