// A daemon that may start no thread and no process, or open nothing more: who wants something new is refused, and
// what is there goes on.
import { readFileSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { needs } from '../support/needs.js';
import { findOrdinaryUser } from '../support/machines/ordinary-user.js';
import type { OrdinaryUser } from '../support/machines/ordinary-user.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';
import { makeSampleImage } from '../support/builders/sample-image.js';

const NEEDS = needs('root', 'xorriso', 'prlimit', 'fusermount3');
const NEEDS_OF_ANYBODY = needs('xorriso', 'prlimit', 'fusermount3');

/** More than a small daemon has descriptors left for. */
const CLIENTS = 64;

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

describe('A daemon without room', { timeout: 120_000, ...NEEDS_OF_ANYBODY }, () => {
  let isodrive: PrivateIsodrive;
  let idle: Socket[];
  beforeEach(async () => {
    isodrive = await PrivateIsodrive.start();
    idle = [];
  });
  afterEach(async () => {
    for (const socket of idle) socket.destroy();
    await isodrive[Symbol.asyncDispose]();
  });

  /** Clock ticks of the processor (proc_pid_stat(5)). */
  const ticks = (pid: number): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  /** Lets it open nothing more, and has clients connect that say nothing, until it hangs up on the first of them. */
  const fill = async (pid: number): Promise<void> => {
    const open = readdirSync(`/proc/${pid}/fd`).map(Number);
    // Those that are there stay open above a limit, such as the pipe that Node keeps high up.
    const top = Math.max(...open.filter((fd) => fd < 200)) + 1;
    await mustRun('prlimit', ['--pid', `${pid}`, `--nofile=${top}:`]);
    await new Promise<void>((resolve) => {
      for (let i = 0; i < CLIENTS; i += 1) {
        const socket = connect(join(isodrive.folder, 'home', 'isodrive', 'control.sock'));
        socket.on('error', () => undefined).on('close', () => resolve());
        idle.push(socket);
      }
    });
  };

  it('for a descriptor says so, keeps its mounts, rests, and goes on once there is room', async () => {
    const { image, tree } = await makeSampleImage(isodrive.folder, { 'a.bin': 300_000 });
    const mountPoint = await isodrive.makeDirectory();
    const refused = await isodrive.makeDirectory();
    await isodrive.daemon.must('mount', image, mountPoint);
    const { pid } = await isodrive.daemon.status();
    await fill(pid);
    const before = ticks(pid);
    const started = performance.now();
    const { status } = await isodrive.daemon.run(['mount', '--new', image, refused]);
    expect(status).not.toBe(0);
    expect((ticks(pid) - before) * 10).toBeLessThan((performance.now() - started) / 2);
    // With each that leaves, there is room for one step more.
    for (let socket = idle.pop(); socket !== undefined; socket = idle.pop()) {
      if (socket.destroyed) continue;
      socket.destroy();
      const answer = await isodrive.daemon.run(['mount', '--new', image, refused]);
      if (answer.status === 0) await isodrive.daemon.must('unmount', refused);
      // Exit code 8: hung up on, since the client before is not gone yet.
      else if (answer.status !== 8)
        expect([answer.status, answer.stderr]).toEqual([
          7,
          expect.stringMatching(/(?:EMFILE|too many open files)[^]*raise the limit/i),
        ]);
    }
    await mustRun('cmp', [join(tree, 'a.bin'), join(mountPoint, 'a.bin')]);
    await mustRun('prlimit', ['--pid', `${pid}`, '--nofile=4096:']);
    await isodrive.daemon.must('mount', '--new', image, refused);
    expect((await isodrive.daemon.status()).pid).toBe(pid);
  });

  it('for a descriptor learns of the end of a mount all the same', needs('root'), async () => {
    const { image } = await makeSampleImage(isodrive.folder, { 'a.bin': 300_000 });
    const mountPoint = await isodrive.makeDirectory();
    await isodrive.daemon.must('mount', image, mountPoint);
    const { pid } = await isodrive.daemon.status();
    await fill(pid);
    await mustRun('umount', [mountPoint]);
    await mustRun('prlimit', ['--pid', `${pid}`, '--nofile=4096:']);
    for (const socket of idle) socket.destroy();
    await expect
      .poll(async () => (await isodrive.daemon.run(['list'])).stdout.toString(), { timeout: 30_000 })
      .not.toContain(mountPoint);
  });
});
