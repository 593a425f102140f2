// A daemon that may start no thread and no process: who wants something new is refused, and what is there goes on.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/bench/run-command.js';
import { needs } from '../support/needs.js';
import { findOrdinaryUser } from '../support/ordinary-user.js';
import type { OrdinaryUser } from '../support/ordinary-user.js';
import { PrivateIsodrive } from '../support/private-isodrive.js';
import { makeSampleImage } from '../support/sample-image.js';

const NEEDS = needs('root', 'xorriso', 'prlimit', 'fusermount3');

// Of root's processes the kernel counts none, so the daemon is an ordinary user's, and root sets its limit.
describe('A daemon without room', { timeout: 60_000, ...NEEDS }, () => {
  let user: OrdinaryUser;
  let isodrive: PrivateIsodrive;
  beforeEach(async () => {
    user = await findOrdinaryUser();
    isodrive = await PrivateIsodrive.start(user.options);
  });
  afterEach(async () => {
    await isodrive[Symbol.asyncDispose]();
    await user[Symbol.asyncDispose]();
  });

  it('for a thread refuses a mount and keeps the others', async () => {
    const { image, tree } = await makeSampleImage(isodrive.folder, { 'a.bin': 300_000 });
    await mustRun('chown', ['-R', `${user.identity.uid}`, isodrive.folder]);
    const points = ['first', 'second', 'refused'].map((name) => join(isodrive.folder, name));
    for (const point of points) await mkdir(point);
    await mustRun('chown', ['-R', `${user.identity.uid}`, isodrive.folder]);
    const [mountPoint, second, directory] = points as [string, string, string];
    await isodrive.daemon.must('mount', image, mountPoint);
    const { pid } = await isodrive.daemon.status();
    await mustRun('prlimit', ['--pid', `${pid}`, '--nproc=1:'], user.identity);
    for (let i = 0; i < 5; i += 1) {
      const { status, stderr } = await isodrive.daemon.run(['mount', '--new', image, directory]);
      expect([status, stderr]).toEqual([7, expect.stringContaining('raise the limit')]);
    }
    await mustRun('cmp', [join(tree, 'a.bin'), join(mountPoint, 'a.bin')], user.identity);
    await mustRun('prlimit', ['--pid', `${pid}`, '--nproc=1000:'], user.identity);
    await isodrive.daemon.must('mount', '--new', image, second);
    expect((await isodrive.daemon.status()).pid).toBe(pid);
  });
});
