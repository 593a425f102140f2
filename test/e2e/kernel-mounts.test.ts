// Mounts that the kernel serves by itself: they outlive the daemon, and the next one knows them.
import { spawn } from 'node:child_process';
import { copyFile, mkdir, readFile, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import { readMountTable } from '../../src/mount/mount-table.js';
import type { DaemonEvent, MountSummary } from '../../src/protocol/messages.js';
import { listTree } from '../support/programs/list-tree.js';
import { compareEntries } from '../support/judges/manifest.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';
import { findExtent, makeSampleImage } from '../support/builders/sample-image.js';
import type { SampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';
import { hasEnded } from '../support/programs/has-ended.js';

const hasErofs = (await readFile('/proc/filesystems', 'utf8')).includes('\terofs');
const FILES = { 'early/first.bin': 300_000, 'late/last.bin': 100_001 };

describe(
  'A mount that the kernel serves',
  needs('root', 'xorriso', 'isoinfo', { what: 'erofs in the kernel', isThere: hasErofs }),
  () => {
    let isodrive: PrivateIsodrive;
    let sample: SampleImage;
    let killed = 0;

    beforeEach(async () => {
      isodrive = await PrivateIsodrive.start();
      sample = await makeSampleImage(isodrive.folder, FILES);
    });
    afterEach(() => isodrive[Symbol.asyncDispose]());

    const list = async (): Promise<readonly MountSummary[]> => {
      await using client = await isodrive.connect();
      return (await client.call('list', {})).mounts;
    };
    const metadataFiles = async (): Promise<string[]> => {
      const folder = join(isodrive.folder, 'home', 'state', 'isodrive', 'erofs');
      return (await readdir(folder, { recursive: true })).filter((name) => name.includes('.erofs'));
    };
    /** Kills the daemon; a keeper may start the next one at once. */
    const killDaemon = async (): Promise<void> => {
      killed = (await isodrive.daemon.status()).pid;
      process.kill(killed, 'SIGKILL');
      await waitUntil(() => hasEnded(killed));
    };
    const nextDaemon = async (): Promise<void> => {
      await isodrive.daemon.run(['daemon', 'start']);
      expect((await isodrive.daemon.status()).pid).not.toBe(killed);
    };

    it('is what root gets by default, read-only, and without set-user-id programs and devices', async () => {
      await using mount = await isodrive.mount(sample.image);
      expect(mount).toMatchObject({ driver: 'erofs', allowOther: true, state: 'ok' });
      expect(mount.passedOver).toBeUndefined();
      const entry = readMountTable().find(({ directory }) => directory === mount.mountPoint);
      expect(entry).toMatchObject({ type: 'erofs' });
      expect(entry?.options).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev']));
    });

    it('goes on without its daemon, and the next one lists and unmounts it', async () => {
      const mount = await isodrive.mount(sample.image);
      const before = await listTree(mount.mountPoint);
      await killDaemon();
      expect(compareEntries(before, await listTree(mount.mountPoint), { attributes: true })).toEqual([]);
      await nextDaemon();
      const [restored] = await list();
      const { id, image, mountPoint, label, tree, driver, mountedAt, entries } = mount;
      expect(restored).toMatchObject({ id, image, mountPoint, label, tree, driver, entries, state: 'ok' });
      expect(Math.abs(Date.parse(restored!.mountedAt) - Date.parse(mountedAt))).toBeLessThan(2000);
      await using client = await isodrive.connect();
      expect(await client.call('mount', { image: sample.image })).toMatchObject({ existing: true });
      await isodrive.unmount(id);
      expect(isodrive.remainingMounts()).toEqual([]);
      expect(await metadataFiles()).toEqual([]);
    });

    it('is noticed when somebody else unmounts it, while a daemon runs and while none does', async () => {
      const first = await isodrive.mount(sample.image);
      const events: DaemonEvent[] = [];
      await using client = await isodrive.connect();
      client.onEvent = (event) => events.push(event);
      await client.call('watch', {});
      await mustRun('umount', [first.mountPoint]);
      await waitUntil(() => events.length > 0);
      expect(events).toMatchObject([{ event: 'unmounted', reason: 'outside', mount: { id: first.id } }]);
      const second = await isodrive.mount(sample.image);
      await killDaemon();
      await mustRun('umount', [second.mountPoint]);
      await nextDaemon();
      await waitUntil(async () => (await list()).length + (await metadataFiles()).length === 0);
    });

    it('is unmounted by a daemon that did not get to finish it', async () => {
      const mount = await isodrive.mount(sample.image);
      const [note] = (await metadataFiles()).filter((name) => name.endsWith('.json'));
      const folder = join(isodrive.folder, 'home', 'state', 'isodrive', 'erofs');
      await writeFile(join(folder, note!), '{"version": 1}');
      await killDaemon();
      await nextDaemon();
      expect(await list()).toEqual([]);
      expect(isodrive.remainingMounts()).not.toContain(mount.mountPoint);
      expect(await metadataFiles()).toEqual([]);
    });

    it.each([
      ['', false],
      [', below a link', true],
    ])(
      'leaves nothing of its trial when the daemon is killed during that, mounted or not%s',
      async (_, isLinked) => {
        const folder = join(isodrive.folder, 'home', 'state', 'isodrive', 'erofs');
        const target = join(isodrive.folder, 'elsewhere');
        if (isLinked) {
          await mkdir(join(folder, '..'), { recursive: true });
          await rm(folder, { recursive: true, force: true });
          await mkdir(target, { mode: 0o700 });
          await symlink(target, folder);
        }
        await isodrive.unmount((await isodrive.mount(sample.image)).id);
        const [own] = await readdir(folder);
        const trials = ['trial-mounted', 'trial-begun'].map((name) => join(folder, own!, name));
        for (const path of trials) {
          await mkdir(join(path, 'disc'), { recursive: true });
          await writeFile(join(path, 'image'), '');
        }
        const point = join(trials[0]!, 'disc');
        await mustRun('mount', ['-t', 'tmpfs', 'trial', point]);
        await killDaemon();
        await nextDaemon();
        const place = isLinked ? point.replace(folder, target) : point;
        expect(isodrive.remainingMounts()).not.toContain(place);
        expect(await readdir(join(folder, own!))).toEqual([]);
        await using mount = await isodrive.mount(sample.image, { driver: 'erofs' });
        expect(
          (await readdir(join(folder, own!))).map((name) => name.replace(/^[\da-f]+/u, 'N')).sort(),
        ).toEqual(['N.erofs', 'N.erofs.json']);
        expect(mount.driver).toBe('erofs');
      },
    );

    it('is listed by the next daemon though the rest of a trial cannot be cleared away', async () => {
      const mount = await isodrive.mount(sample.image);
      const folder = join(isodrive.folder, 'home', 'state', 'isodrive', 'erofs');
      const [own] = await readdir(folder);
      const foreign = join(folder, own!, 'trial-foreign');
      await mkdir(foreign);
      await writeFile(join(foreign, 'of somebody else'), '');
      await killDaemon();
      await nextDaemon();
      expect(await list()).toMatchObject([{ id: mount.id }]);
      await isodrive.unmount(mount.id);
      await rm(foreign, { recursive: true });
    });

    it('ends with daemon stop', async () => {
      await isodrive.mount(sample.image);
      await isodrive.daemon.must('daemon', 'stop');
      expect(isodrive.remainingMounts()).toEqual([]);
    });

    it('is busy while a file is open, unless it is unmounted lazily', async () => {
      const mount = await isodrive.mount(sample.image);
      await using client = await isodrive.connect();
      const target = [{ name: mount.id, paths: [] }];
      const reader = spawn('sleep', ['60'], { cwd: mount.mountPoint, stdio: 'ignore' });
      try {
        const refused = await client.call('unmount', { targets: target });
        expect(refused.failed).toMatchObject([{ error: { data: { code: 'busy' } } }]);
        expect(await client.call('unmount', { targets: target, lazy: true })).toMatchObject({ failed: [] });
      } finally {
        reader.kill('SIGKILL');
      }
      expect(isodrive.remainingMounts()).toEqual([]);
    });

    it('gives way to fuse for an image that ends too early, and info, list and status say why', async () => {
      const image = join(isodrive.folder, 'short.iso');
      await copyFile(sample.image, image);
      await truncate(image, (await findExtent(image, '/late/last.bin')) + 2048);
      await using mount = await isodrive.mount(image);
      expect(mount.driver).toBe('fuse');
      expect(mount.passedOver).toMatchObject([
        { driver: 'erofs', reason: expect.stringMatching(/ends at byte/) as string },
      ]);
      expect(await isodrive.daemon.must('status')).toMatch(/fuse, not erofs: .*ends at byte/);
      expect(await isodrive.daemon.must('info', image)).toMatch(/fuse, not erofs: .*ends at byte/);
      const args = ['mount', image, await isodrive.makeDirectory(), '--driver', 'erofs', '--new', '--json'];
      const { status, stderr } = await isodrive.daemon.run(args);
      expect(status).toBe(5);
      expect(stderr).toMatch(/by EROFS.*ends at byte/);
      expect(await metadataFiles()).toEqual([]);
    });

    it('shows the last file of an image whose last block is not whole', async () => {
      const image = join(isodrive.folder, 'odd.iso');
      await copyFile(sample.image, image);
      // xorriso pads images: without the padding the last file is the end.
      const end = (await findExtent(image, '/late/last.bin')) + 100_001;
      await truncate(image, end);
      await using mount = await isodrive.mount(image, { driver: 'erofs' });
      const shown = await mustRun('cmp', [
        join(mount.mountPoint, 'late/last.bin'),
        join(sample.tree, 'late/last.bin'),
      ]);
      expect(shown.stdout.toString()).toBe('');
    });

    /** Splits the image into files of so many bytes; gives their paths. */
    const split = async (bytes: number): Promise<string[]> => {
      const numbers = ['-a', '3', '--numeric-suffixes=1'];
      await mustRun('split', ['-b', String(bytes), ...numbers, sample.image, `${sample.image}.`]);
      const names = await readdir(isodrive.folder);
      return names
        .filter((name) => /\.\d{3}$/.test(name))
        .sort()
        .map((name) => join(isodrive.folder, name));
    };

    it('reads all files of an image that was split in whole blocks, also without its daemon', async () => {
      const parts = await split(163_840);
      expect(parts).toHaveLength(Math.ceil((await stat(sample.image)).size / 163_840));
      const mount = await isodrive.mount(parts[0]!);
      const beside = parts.slice(1).map((path) => basename(path));
      expect(mount).toMatchObject({ driver: 'erofs', state: 'ok', beside });
      await mustRun('diff', ['-r', sample.tree, mount.mountPoint]);
      await killDaemon();
      await mustRun('sh', ['-c', 'echo 3 > /proc/sys/vm/drop_caches']);
      await mustRun('diff', ['-r', sample.tree, mount.mountPoint]);
      await nextDaemon();
      expect(await list()).toMatchObject([{ id: mount.id, beside, size: mount.size, state: 'ok' }]);
      await truncate(parts[1]!, 100);
      expect(await list()).toMatchObject([{ state: 'truncated' }]);
      await mustRun('sh', ['-c', 'echo 3 > /proc/sys/vm/drop_caches']);
      const read = await runCommand('cat', [join(mount.mountPoint, 'early/first.bin')], {});
      expect([read.status, read.stderr]).toEqual([
        1,
        expect.stringContaining('Input/output error') as string,
      ]);
      await rm(parts[1]!);
      expect(await list()).toMatchObject([{ state: 'deleted' }]);
    });

    it('gives way to fuse where one of its files is no plain one, and copies what lies across odd borders', async () => {
      const parts = await split(163_841);
      const small = await isodrive.mount(parts[0]!);
      expect(small.driver).toBe('erofs');
      await mustRun('diff', ['-r', sample.tree, small.mountPoint]);
      await isodrive.unmount(small.id);
      // A drive as the first of them: a loop device. Beside an image, none is opened.
      const loop = (await mustRun('losetup', ['--find', '--show', '--read-only', parts[0]!])).stdout;
      try {
        await rm(parts[0]!);
        await symlink(loop.toString().trim(), parts[0]!);
        const mixed = await isodrive.mount(parts[0]!);
        expect(mixed).toMatchObject({
          driver: 'fuse',
          passedOver: [{ driver: 'erofs', reason: expect.stringContaining('it is a drive') as string }],
        });
        await isodrive.unmount(mixed.id);
      } finally {
        await mustRun('losetup', ['--detach', loop.toString().trim()]);
      }
    });

    it('is made from the file of isodrive index by mount(8) alone, from one file or several', async () => {
      const parts = await split(163_840);
      const directory = await isodrive.makeDirectory();
      for (const [first, devices] of [
        [sample.image, [sample.image]],
        [parts[0]!, parts],
      ] as const) {
        const metadata = `${first}.erofs`;
        const made = await isodrive.daemon.must('index', first, '-o', metadata, '--json');
        expect(JSON.parse(made)).toMatchObject({ output: metadata, blockSize: 2048, copiedBytes: 0 });
        if (devices.length > 1)
          expect(JSON.parse(made)).toMatchObject({ devices: devices.map((path) => basename(path)) });
        const loops: string[] = [];
        try {
          for (const path of devices) {
            const { stdout } = await mustRun('losetup', ['--find', '--show', '--read-only', path]);
            loops.push(stdout.toString().trim());
          }
          const options = loops.map((path) => `device=${path}`).join();
          await mustRun('mount', ['-t', 'erofs', '-o', options, metadata, directory]);
          try {
            await mustRun('diff', ['-r', sample.tree, directory]);
          } finally {
            await mustRun('umount', [directory]);
          }
        } finally {
          for (const loop of loops) await mustRun('losetup', ['--detach', loop]);
        }
      }
    });
  },
);
