// What hangs costs its own mount: a process that cannot die, a keeper that is stopped or gone, a disk that is full, a
// mount namespace that holds a copy.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import type { DaemonStatus } from '../../src/protocol/messages.js';
import { defaultJournalPath } from '../../src/endpoint/socket-path.js';
import { FuseControl } from '../support/programs/fuse-control.js';
import { mountBadSector } from '../support/fakes/bad-sector-mount.js';
import { findOrdinaryUser } from '../support/machines/ordinary-user.js';
import { needs } from '../support/needs.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import type { SampleImage } from '../support/builders/sample-image.js';

const PATIENCE = 20_000;
const PROJECT = join(import.meta.dirname, '..', '..');
const LISTENER = join(PROJECT, 'test', 'support', 'fakes', 'listen-and-stay.py');

// Each wait has a bound of its own; what they come to takes minutes with a sanitizer.
describe('Beside something that hangs', { timeout: 15 * PATIENCE, ...needs('xorriso', 'isoinfo') }, () => {
  let isodrive: PrivateIsodrive;
  let sample: SampleImage;

  beforeEach(async () => {
    isodrive = await PrivateIsodrive.start();
    sample = await makeSampleImage(isodrive.folder, { 'first.bin': 50_000, 'second.bin': 2_000_000 });
  });
  afterEach(() => isodrive[Symbol.asyncDispose]());

  const status = async (): Promise<DaemonStatus> => {
    await using client = await isodrive.connect();
    return await client.call('status', {});
  };
  const parentOf = async (pid: number): Promise<number> =>
    Number(/^PPid:\s+(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]);
  const keeperPid = async (): Promise<number> => parentOf((await status()).pid);
  /** Reads a file of a mount; fails when that takes longer than a hang. */
  const read = async (mountPoint: string): Promise<void> => {
    await mustRun('cmp', [join(sample.tree, 'first.bin'), join(mountPoint, 'first.bin')], {
      timeout: PATIENCE,
    });
  };

  describe('in its medium', () => {
    it.each(['kill', 'upgrade'] as const)(
      'a daemon that cannot die has a successor all the same, after a %s',
      async (how) => {
        const directory = join(isodrive.folder, 'medium');
        await using medium = await mountBadSector(sample.image, directory, 0, 0, 'flush');
        await isodrive.mount(medium.image, { driver: 'fuse' });
        const good = join(isodrive.folder, 'good.iso');
        await copyFile(sample.image, good);
        const { mountPoint } = await isodrive.mount(good, { driver: 'fuse' });
        const { pid } = await status();
        await writeFile(`${sample.image}.hang`, '');
        if (how === 'kill') process.kill(pid, 'SIGKILL');
        else await isodrive.daemon.must('daemon', 'upgrade');
        await waitUntil(async () => (await isodrive.daemon.run(['status'])).status === 0, PATIENCE);
        expect((await status()).pid).not.toBe(pid);
        // It is still there, with all that it has open: it waits for the file system that its image is on.
        expect(existsSync(`/proc/${pid}`)).toBe(true);
        await read(mountPoint);
      },
    );
  });

  describe('in a process that closes a file of it', () => {
    it('a program that never starts keeps nobody from unmounting, nor the daemon from ending', async () => {
      await using medium = await mountBadSector(sample.image, join(isodrive.folder, 'medium'), 0, 0, 'flush');
      const good = join(isodrive.folder, 'good.iso');
      await copyFile(sample.image, good);
      const { id, mountPoint } = await isodrive.mount(good, { driver: 'fuse' });
      // Its copy of the file is closed by execve(2), which does not come back; its parent waits for that.
      const script = `
        const { openSync, writeFileSync } = require('node:fs');
        openSync(process.argv[1]);
        writeFileSync(process.argv[2], '');
        require('node:child_process').spawn('sleep', ['60']);`;
      const stranger = spawn('node', ['-e', script, medium.image, `${sample.image}.hang`], {
        stdio: 'ignore',
      });
      const user = spawn('sleep', ['60'], { cwd: mountPoint, stdio: 'ignore' });
      try {
        await waitUntil(() => existsSync(`${sample.image}.hang`), PATIENCE);
        await using client = await isodrive.connect();
        const refused = await client.call('unmount', { targets: [{ name: id, paths: [] }] });
        expect(refused.failed).toMatchObject([{ error: { data: { code: 'busy' } } }]);
        user.kill('SIGKILL');
        await waitUntil(async () => (await isodrive.daemon.run(['daemon', 'stop'])).status === 0, PATIENCE);
      } finally {
        user.kill('SIGKILL');
        stranger.kill('SIGKILL');
      }
    });
  });

  describe('in a process that listens and never starts its program', needs('python3'), () => {
    it('nobody who connects to it waits for more than an answer', async () => {
      await using medium = await mountBadSector(sample.image, join(isodrive.folder, 'medium'), 0, 0, 'flush');
      const path = join(isodrive.folder, 'stuck.sock');
      const hang = `${sample.image}.hang`;
      const stranger = spawn('python3', [LISTENER, path, medium.image, hang], { stdio: 'ignore' });
      try {
        await waitUntil(() => existsSync(hang), PATIENCE);
        const client = pathToFileURL(join(PROJECT, 'dist', 'src', 'protocol', 'client.js')).href;
        const script = `
          const { ControlClient } = await import(process.argv[1]);
          await ControlClient.connect(process.argv[2]);
          process.stdout.write('connected');
          process.exit();`;
        // A process of its own: one that waits in the kernel for another cannot even tell so.
        const words = ['--input-type=module', '-e', script, client, path];
        const { stdout, timedOut } = await runCommand(process.execPath, words, { timeout: PATIENCE });
        expect([stdout.toString(), timedOut]).toEqual(['connected', false]);
      } finally {
        stranger.kill('SIGKILL');
      }
    });
  });

  describe('in its medium, when its keeper is killed as well', needs('root'), () => {
    it('the next start ends the calls that wait, and makes the mounts again', async () => {
      await using control = await FuseControl.set(true);
      expect(control.isThere).toBe(true);
      await using medium = await mountBadSector(sample.image, join(isodrive.folder, 'medium'), 0, 0, 'flush');
      await isodrive.mount(medium.image, { driver: 'fuse' });
      const good = join(isodrive.folder, 'good.iso');
      await copyFile(sample.image, good);
      const { mountPoint } = await isodrive.mount(good, { driver: 'fuse' });
      const { pid } = await status();
      await writeFile(`${sample.image}.hang`, '');
      for (const one of [await keeperPid(), pid]) process.kill(one, 'SIGKILL');
      const waiting = runCommand('stat', ['--file-system', mountPoint], { timeout: PATIENCE });
      expect(existsSync(`/proc/${pid}`)).toBe(true);
      await isodrive.daemon.start();
      expect((await waiting).timedOut).toBe(false);
      await waitUntil(
        async () => (await runCommand('ls', [mountPoint], { timeout: PATIENCE })).status === 0,
        PATIENCE,
      );
      await read(mountPoint);
    });
  });

  describe('in the medium of a user without root', needs('fusermount3'), () => {
    it('a daemon mounts, unmounts and answers, though none of its open files can be closed', async () => {
      await using user = await findOrdinaryUser();
      await using own = await PrivateIsodrive.start(user.options);
      const disc = join(own.folder, 'disc.iso');
      const good = join(own.folder, 'good.iso');
      for (const image of [disc, good]) await copyFile(sample.image, image);
      const directory = join(own.folder, 'medium');
      await using medium = await mountBadSector(disc, directory, 0, 0, 'flush', user.options);
      await own.daemon.must('mount', medium.image, '--driver', 'fuse');
      const { pid } = await own.daemon.status();
      await writeFile(`${disc}.hang`, '');
      for (let i = 0; i < 3; i += 1) {
        const mountPoint = (await own.daemon.must('mount', good, '--driver', 'fuse')).trimEnd();
        await mustRun('cmp', [join(sample.tree, 'first.bin'), join(mountPoint, 'first.bin')], {
          ...user.identity,
          timeout: PATIENCE,
          cwd: '/',
        });
        await own.daemon.must('unmount', mountPoint);
      }
      expect((await own.daemon.status()).pid).toBe(pid);
    });
  });

  describe('in its keeper', () => {
    it('an upgrade is refused while the keeper is stopped, and calls are answered', async () => {
      const keeper = await keeperPid();
      expect((await status()).keeper).toBe('alive');
      process.kill(keeper, 'SIGSTOP');
      try {
        expect((await status()).keeper).toBe('stopped');
        // More messages than the socket between both holds.
        for (let i = 0; i < 60; i += 1) {
          const { id } = await isodrive.mount(sample.image, { driver: 'fuse', new: true });
          await isodrive.unmount(id);
        }
        const { status: exit, stderr } = await isodrive.daemon.run(['daemon', 'upgrade']);
        expect([exit, stderr]).toEqual([5, expect.stringContaining('their keeper is stopped')]);
      } finally {
        process.kill(keeper, 'SIGCONT');
      }
      const { mountPoint } = await isodrive.mount(sample.image, { driver: 'fuse' });
      await isodrive.daemon.must('daemon', 'upgrade');
      await read(mountPoint);
    });

    it('an upgrade without a keeper is refused, and forced makes the mounts again', async () => {
      const { mountPoint } = await isodrive.mount(sample.image, { driver: 'fuse' });
      process.kill(await keeperPid(), 'SIGKILL');
      await waitUntil(async () => (await status()).keeper === 'gone', PATIENCE);
      const { status: exit, stderr } = await isodrive.daemon.run(['daemon', 'upgrade']);
      expect([exit, stderr]).toEqual([5, expect.stringContaining('their keeper has died')]);
      expect(await isodrive.daemon.must('status')).toMatch(/^keeper +dead; mounts end with the daemon/mu);
      const { stdout: found } = await isodrive.daemon.run(['doctor']);
      expect(found.toString()).toMatch(/keeper.*Of the daemon that runs: dead; mounts end with the daemon/u);
      await read(mountPoint);
      await isodrive.daemon.must('daemon', 'upgrade', '--force');
      expect(await isodrive.daemon.must('status')).toMatch(/^keeper +alive/mu);
      expect((await status()).keeper).toBe('alive');
      await read(mountPoint);
    });
  });

  describe('on a disk that is full', needs('root'), () => {
    it('a daemon whose log has no room goes on, and says how many lines it dropped', async () => {
      const state = join(isodrive.folder, 'full');
      await mkdir(state);
      await mustRun('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', state]);
      try {
        await using other = await PrivateIsodrive.start({ env: { XDG_STATE_HOME: state } });
        const { mountPoint } = await other.mount(sample.image, { driver: 'fuse' });
        const { pid } = await other.daemon.status();
        await mustRun('sh', ['-c', 'head -c 65536 /dev/zero > "$1/fill" || true', 'sh', state]);
        for (let i = 0; i < 16; i += 1) {
          const { status: exit } = await other.daemon.run(['mount', join(state, 'missing.iso')]);
          expect(exit).toBe(3);
        }
        const logged = await other.daemon.must('status');
        expect(logged).toMatch(/lost +\d+ log lines? w(as|ere) dropped/u);
        expect((await other.daemon.status()).pid).toBe(pid);
        await read(mountPoint);
      } finally {
        await mustRun('umount', ['--lazy', state]);
      }
    });
  });

  describe('in a mount namespace of another user', needs('root', 'unshare', 'nsenter'), () => {
    it.each([
      ['fuse', 'with', true],
      ['fuse', 'without', false],
      ['fuse-native', 'with', true],
    ] as const)(
      'an unmount by %s %s fusectl ends, tells who held a copy, and leaves nothing behind',
      async (driver, _, hasControl) => {
        await using control = await FuseControl.set(hasControl);
        expect(control.isThere).toBe(hasControl);
        const { mountPoint, id } = await isodrive.mount(sample.image, { driver });
        const holder = spawn('unshare', ['-Urm', 'sleep', '1000'], {
          stdio: 'ignore',
          uid: 65_534,
          gid: 65_534,
        });
        try {
          const holds = async (): Promise<boolean> =>
            (await readFile(`/proc/${holder.pid}/comm`, 'utf8')) === 'sleep\n';
          await waitUntil(holds, PATIENCE);
          const started = performance.now();
          const { status: exit, stderr } = await isodrive.daemon.run(['unmount', id]);
          expect([exit, stderr]).toEqual([0, expect.stringContaining(`sleep (${holder.pid})`)]);
          expect(performance.now() - started).toBeLessThan(PATIENCE);
          expect((await status()).mounts).toEqual([]);
          expect(isodrive.remainingMounts()).toEqual([]);
          // The session is gone as well, with its threads and its device.
          const opened = async (): Promise<boolean> => {
            const folder = `/proc/${(await status()).pid}/fd`;
            const links = await Promise.all(
              (await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')),
            );
            return links.includes('/dev/fuse');
          };
          await waitUntil(async () => !(await opened()), PATIENCE);
          // Neither does a successor know of it.
          const journal = defaultJournalPath(join(isodrive.folder, 'home', 'isodrive', 'control.sock'));
          expect(existsSync(journal) ? await readFile(journal, 'utf8') : '').not.toContain(id);
          // For whoever has the copy, it has failed.
          const look = ['--target', String(holder.pid), '--mount', 'stat', '--file-system', mountPoint];
          expect((await runCommand('nsenter', look)).stderr).toContain('Transport endpoint is not connected');
          expect(existsSync(mountPoint)).toBe(true);
        } finally {
          holder.kill('SIGKILL');
        }
      },
    );
  });
});
