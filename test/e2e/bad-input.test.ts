// What cannot be mounted at all: the right exit code, a message with what was found and what was expected, a daemon
// that lives on, and no mount left behind.
import { randomFillSync } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram } from '../../scripts/support/run-command.js';
import { expectFailure } from '../support/judges/command-failure.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { findOrdinaryUser } from '../support/machines/ordinary-user.js';
import { needs } from '../support/needs.js';

const hasXorriso = await hasProgram('xorriso');
/** Bytes of an image of which every descriptor is there, but no directory: the volume descriptors start at 32 KiB. */
const INSIDE_DESCRIPTORS = 33 * 1024;

describe('An image that cannot be mounted', () => {
  let isodrive: PrivateIsodrive;
  let pid: number;
  let image: string;
  let directory: string;

  beforeAll(async () => {
    isodrive = await PrivateIsodrive.start();
    ({ pid } = await isodrive.daemon.status());
    directory = await isodrive.makeDirectory();
    if (hasXorriso) ({ image } = await makeSampleImage(isodrive.folder, { 'a/one.bin': 5000, two: 100_000 }));
  });
  afterEach(async () => {
    expect(isodrive.remainingMounts()).toEqual([]);
    expect(await isodrive.daemon.status()).toMatchObject({ pid, mounts: [] });
  });
  afterAll(() => isodrive[Symbol.asyncDispose]());

  const refuse = async (path: string, at = directory): Promise<ReturnType<typeof expectFailure>> => {
    const result = await isodrive.daemon.run(['mount', path, at, '--json'], { timeout: 20_000 });
    expect(result.stdout.toString()).toBe('');
    return expectFailure(result);
  };

  it('is a file that does not exist', async () => {
    const path = join(isodrive.folder, 'missing.iso');
    const failure = await refuse(path);
    expect(failure).toMatchObject({ code: 'image-not-found', exit: 3 });
    expect(failure.message).toContain(path);
  });

  it('is a directory', async () => {
    const path = join(isodrive.folder, 'directory.iso');
    await mkdir(path);
    const failure = await refuse(path);
    expect(failure).toMatchObject({ code: 'image-unreadable', exit: 3 });
    expect(failure.message).toMatch(/directory.*expected/);
  });

  it('is an empty file', async () => {
    const path = join(isodrive.folder, 'empty.iso');
    await writeFile(path, '');
    const failure = await refuse(path);
    expect([3, 5]).toContain(failure.exit);
    expect(failure.message).toMatch(/(empty|0 bytes).*expected/);
  });

  it.each([100, 40_000, 1_000_000])('is a file of %i random bytes', async (size) => {
    const path = join(isodrive.folder, `random-${size}.iso`);
    await writeFile(path, randomFillSync(Buffer.alloc(size)));
    const failure = await refuse(path);
    expect(failure.exit).toBe(5);
    expect(failure.message).toMatch(/expected/);
  });

  it('is truncated within its descriptors', needs('xorriso'), async () => {
    const path = join(isodrive.folder, 'short.iso');
    await copyFile(image, path);
    await truncate(path, INSIDE_DESCRIPTORS);
    const failure = await refuse(path);
    expect(failure).toMatchObject({ code: 'damaged', exit: 5 });
    expect(failure.message).toMatch(/expected/);
  });

  it('goes to a directory that does not exist', needs('xorriso'), async () => {
    const failure = await refuse(image, join(isodrive.folder, 'nowhere'));
    expect(failure).toMatchObject({ code: 'usage', exit: 2 });
    expect(failure.message).toMatch(/found no such directory, expected an empty directory/);
  });

  it('goes to a file', needs('xorriso'), async () => {
    const path = join(isodrive.folder, 'file');
    await writeFile(path, 'x');
    const failure = await isodrive.daemon.run(['mount', image, '--at', path, '--json']);
    expect(expectFailure(failure)).toMatchObject({ code: 'usage', exit: 2 });
    expect(await readFile(path, 'utf8')).toBe('x');
  });

  it('goes to a directory that is not empty', needs('xorriso'), async () => {
    const full = await isodrive.makeDirectory();
    await writeFile(join(full, 'content'), 'x');
    const failure = await refuse(image, full);
    expect(failure).toMatchObject({ code: 'busy', exit: 7 });
    expect(failure.message).toMatch(/found "content" in it, expected an empty directory/);
  });

  it('goes to a mount point', needs('xorriso'), async () => {
    await using mount = await isodrive.mount(image);
    const failure = await isodrive.daemon.run(['mount', image, mount.mountPoint, '--new', '--json']);
    expect(expectFailure(failure)).toMatchObject({ code: 'busy', exit: 7 });
  });

  it('is a file without permission', needs('xorriso'), async () => {
    const path = join(isodrive.folder, 'secret.iso');
    await copyFile(image, path);
    await chmod(path, 0);
    const user = await findOrdinaryUser();
    const options = { ...user.identity, timeout: 20_000 };
    await using theirs = await PrivateIsodrive.start(user.options);
    await chmod(isodrive.folder, 0o755);
    const mine = await theirs.makeDirectory();
    if (user.identity.uid !== undefined) await chmod(mine, 0o777);
    for (const args of [
      ['mount', path, mine, '--json'],
      ['ls', path, '--json'],
    ]) {
      const failure = expectFailure(await theirs.daemon.run(args, options));
      expect(failure).toMatchObject({ code: 'permission', exit: 6 });
      expect(failure.message).toContain(path);
    }
    expect(theirs.remainingMounts()).toEqual([]);
    await user[Symbol.asyncDispose]();
  });
});
