// How a daemon starts, holds mounts, meets changes from outside, and ends; with real mounts.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  appendFile,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_LOG_BYTES } from '../../daemon/log.js';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import type { DriverName } from '../../src/options/driver-names.js';
import type { MountParams, MountResult } from '../../src/protocol/messages.js';
import { DaemonProcess, SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { waitUntil } from '../support/programs/private-isodrive.js';
import { needs } from '../support/needs.js';

const MEBIBYTE = 1024 * 1024;
/** Bytes. From Node 24 on each of the daemon's two or three isolates takes 6 MiB more, the program itself 10 MiB. */
const MEMORY_LIMIT = (Number.parseInt(process.versions.node, 10) < 24 ? 80 : 110) * MEBIBYTE;
/** Milliseconds for memory to come to rest. */
const SETTLE_TIME = 20_000;

describe('A daemon', () => {
  let daemon: DaemonProcess;
  let image: string;
  beforeEach(async () => {
    daemon = await DaemonProcess.start();
    image = join(daemon.folder, 'disc.iso');
    await copyFile(SMALL_IMAGE, image);
  });
  afterEach(() => daemon[Symbol.asyncDispose]());

  const mount = async (params: Partial<MountParams> = {}): Promise<MountResult> => {
    await using client = await daemon.connect();
    return await client.call('mount', { image, ...params });
  };
  const listStates = async (): Promise<string[]> => {
    await using client = await daemon.connect();
    return (await client.call('list', {})).mounts.map(({ state }) => state);
  };

  it('mounts in ~/Discs by label, and removes the folder with the mount', async () => {
    const { mount: made, existing } = await mount();
    expect(existing).toBe(false);
    expect(made).toMatchObject({ image, tree: 'rock-ridge', state: 'ok', size: 380_928 });
    expect(made.mountPoint).toBe(join(daemon.folder, 'Discs', made.label));
    const { stdout } = await mustRun('cat', [join(made.mountPoint, 'COPYING')]);
    expect(stdout).toHaveLength(17_992);
    await using client = await daemon.connect();
    const result = await client.call('unmount', { targets: [{ name: made.label, paths: [] }] });
    expect(result).toEqual({ unmounted: [{ id: made.id, image, mountPoint: made.mountPoint }], failed: [] });
    expect(existsSync(made.mountPoint)).toBe(false);
  });

  it('gives the mount that an image has, unless a new one is asked for', async () => {
    const first = await mount();
    expect(await mount()).toMatchObject({ existing: true, mount: { id: first.mount.id } });
    const driver = first.mount.driver as DriverName;
    expect(await mount({ tree: 'rock-ridge', driver })).toMatchObject({ existing: true });
    const second = await mount({ new: true });
    expect(second.existing).toBe(false);
    expect(second.mount.mountPoint).toBe(`${first.mount.mountPoint} 2`);
    expect(await mount({ tree: 'iso9660' })).toMatchObject({ existing: false, mount: { tree: 'iso9660' } });
  });

  it('mounts at a directory that is named, also where the image is mounted elsewhere, and finds it there', async () => {
    const first = await mount();
    const directory = join(daemon.folder, 'named');
    await mkdir(directory);
    const second = await mount({ directory });
    expect(second).toMatchObject({ existing: false, mount: { mountPoint: directory } });
    expect(await mount({ directory })).toMatchObject({ existing: true, mount: { id: second.mount.id } });
    expect(await mount()).toMatchObject({ existing: true, mount: { id: first.mount.id } });
    await expect(mount({ directory: join(daemon.folder, 'missing') })).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it('takes another charset or session for another view, and the same for the same', async () => {
    const first = await mount();
    const view = { charset: 'koi8-r', associated: true };
    const other = await mount(view);
    expect(other.existing).toBe(false);
    expect(await mount({ ...view, charset: 'KOI8-R' })).toMatchObject({
      existing: true,
      mount: { id: other.mount.id },
    });
    // The only session is the last.
    expect(await mount({ session: 1 })).toMatchObject({ existing: true, mount: { id: first.mount.id } });
    await expect(mount({ session: 2 })).rejects.toMatchObject({ code: 'unsupported' });
    await expect(mount({ charset: 'klingon' })).rejects.toMatchObject({ code: 'usage' });
  });

  it('makes one mount of many requests for one image at the same moment', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => mount()));
    expect(new Set(results.map((result) => result.mount.id)).size).toBe(1);
    expect(results.filter(({ existing }) => !existing)).toHaveLength(1);
    expect(daemon.mountPoints()).toHaveLength(1);
  });

  it('finds a mount by id, unique prefix, label, mount point and image, and says when a name means two', async () => {
    await using client = await daemon.connect();
    for (const choose of [
      ({ mount: { id } }: MountResult) => ({ name: id, paths: [] }),
      ({ mount: { id } }: MountResult) => ({ name: id.slice(0, 5).toUpperCase(), paths: [] }),
      ({ mount: { label } }: MountResult) => ({ name: label, paths: [] }),
      ({ mount: { mountPoint } }: MountResult) => ({ name: 'x', paths: [mountPoint] }),
      () => ({ name: 'x', paths: [image] }),
    ]) {
      const { failed } = await client.call('unmount', { targets: [choose(await mount())] });
      expect(failed).toEqual([]);
    }
    const { label } = (await mount()).mount;
    await mount({ new: true });
    const both = await client.call('unmount', {
      targets: [
        { name: label, paths: [] },
        { name: 'none', paths: [] },
      ],
    });
    expect(both.unmounted).toEqual([]);
    expect(both.failed.map(({ error }) => error.data?.code)).toEqual(['usage', 'no-such-mount']);
  });

  it('refuses to unmount what is in use, and detaches it when told to', async () => {
    const { mountPoint, id } = (await mount()).mount;
    const user = spawn('sleep', ['60'], { cwd: mountPoint });
    try {
      await expect.poll(() => readFile(`/proc/${String(user.pid)}/comm`, 'utf8')).toBe('sleep\n');
      await using client = await daemon.connect();
      const targets = [{ name: id, paths: [] }];
      const refused = await client.call('unmount', { targets });
      expect(refused).toMatchObject({
        unmounted: [],
        failed: [{ error: { data: { code: 'busy', exit: 7 } } }],
      });
      expect(refused.failed[0]?.error.message).toContain(`in use by sleep (${user.pid})`);
      await expect(client.call('shutdown', {})).rejects.toMatchObject({
        code: 'busy',
        details: [`"${mountPoint}" is in use by sleep (${user.pid})`],
      });
      expect(await listStates()).toEqual(['ok']);
      const detached = await client.call('unmount', { targets, lazy: true });
      expect(detached).toMatchObject({ unmounted: [{ id }], failed: [] });
      expect(daemon.mountPoints()).toEqual([]);
      expect(await listStates()).toEqual([]);
    } finally {
      user.kill();
    }
  });

  it('notices that somebody unmounts from outside, and tidies up', async () => {
    await using watcher = await daemon.connect();
    const reasons: string[] = [];
    watcher.onEvent = (event) => reasons.push(event.event === 'unmounted' ? event.reason : event.event);
    await watcher.call('watch', {});
    const { mountPoint } = (await mount()).mount;
    await mustRun('umount', [mountPoint]);
    await expect.poll(() => reasons).toEqual(['mounted', 'outside']);
    expect(existsSync(mountPoint)).toBe(false);
    expect(await listStates()).toEqual([]);
  });

  it('tells a changed image, a truncated and a replaced one from the one that it mounted', async () => {
    const { id } = (await mount()).mount;
    const { mtime } = await stat(image);
    await utimes(image, mtime, new Date(mtime.getTime() + 5000));
    expect(await listStates()).toEqual(['changed']);
    await appendFile(image, 'more');
    await expect(mount()).rejects.toMatchObject({
      code: 'image-changed',
      message: expect.stringContaining(id) as string,
      kind: { exit: 12 },
    });
    await truncate(image, 100_000);
    expect(await listStates()).toEqual(['truncated']);
    await rename(image, `${image}.old`);
    expect(await listStates()).toEqual(['deleted']);
    await copyFile(SMALL_IMAGE, image);
    expect(await listStates()).toEqual(['replaced']);
    // Another file at the same path is another image.
    expect(await mount()).toMatchObject({ existing: false });
    expect(await listStates()).toEqual(['replaced', 'ok']);
  });

  it('says at once that an image is truncated, how many of its files are short, and lists it as damaged', async () => {
    await truncate(image, 300_000);
    const { mount: made } = await mount();
    expect(made).toMatchObject({
      state: 'damaged',
      damage: { endsAt: 300_000, expectedSize: 380_928, isWhole: true },
    });
    expect(await listStates()).toEqual(['damaged']);
  });

  const refusal = { code: 'policy', message: expect.stringContaining('lies inside the mount') as string };
  it('refuses an image that lies inside one of its own mounts', async () => {
    const { mountPoint } = (await mount()).mount;
    await expect(mount({ image: join(mountPoint, 'COPYING') })).rejects.toMatchObject(refusal);
    await expect(mount({ new: true, directory: join(mountPoint, 'copy') })).rejects.toMatchObject(refusal);
  });

  it('refuses an image that lies inside a bind mount of its own mount', needs('root'), async () => {
    const { mountPoint } = (await mount()).mount;
    const bind = join(daemon.folder, 'bind');
    await mustRun('mkdir', [bind]);
    await mustRun('mount', ['--bind', mountPoint, bind]);
    try {
      await expect(mount({ image: join(bind, 'COPYING') })).rejects.toMatchObject(refusal);
    } finally {
      await mustRun('umount', [bind]);
    }
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'unmounts everything on %s, also what is in use, and removes what it made',
    async (signal) => {
      const first = (await mount()).mount;
      const second = (await mount({ new: true })).mount;
      const user = spawn('sleep', ['60'], { cwd: first.mountPoint });
      try {
        expect(await daemon.kill(signal)).toMatchObject({ code: 0 });
        expect(daemon.mountPoints()).toEqual([]);
        for (const path of [first.mountPoint, second.mountPoint, daemon.socketPath]) {
          expect(existsSync(path)).toBe(false);
        }
      } finally {
        user.kill();
      }
    },
  );

  it.each([0, 4, 8, 12, 16])(
    'leaves nothing of mounts that are asked for %i ms before it ends, and says so to who asked',
    async (lead) => {
      const answers = Promise.allSettled(Array.from({ length: 6 }, () => mount({ new: true })));
      await new Promise((resolve) => setTimeout(resolve, lead));
      expect(await daemon.kill('SIGTERM')).toMatchObject({ code: 0 });
      expect(daemon.mountPoints()).toEqual([]);
      const discs = join(daemon.folder, 'Discs');
      expect(existsSync(discs) ? await readdir(discs) : []).toEqual([]);
      for (const answer of await answers) {
        if (answer.status === 'rejected') {
          expect(answer.reason).toMatchObject({
            code: expect.stringMatching(/^(busy|daemon-unreachable)$/) as string,
          });
        }
      }
    },
  );

  it('refuses to be the second on its socket, with exit code 7, and the first lives', async () => {
    const second = await DaemonProcess.start(daemon.folder);
    const { code, stderr } = await second.ended;
    expect(code).toBe(7);
    expect(stderr).toMatch(/^isodrived: A daemon listens at .* already, expected a free socket\nhint: /);
    expect(await listStates()).toEqual([]);
  });

  it('takes the place of one that was killed', async () => {
    await daemon.kill('SIGKILL');
    expect(existsSync(daemon.socketPath)).toBe(true);
    const next = await DaemonProcess.start(daemon.folder);
    await using client = await next.connect();
    expect(await client.call('version', {})).toMatchObject({ pid: next.child.pid });
    await client.call('shutdown', {});
    expect(await next.ended).toMatchObject({ code: 0 });
  });

  it('lets nobody else near its socket, its log and its folder for discs', async () => {
    await mount();
    for (const [path, mode] of [
      [daemon.socketPath, 0o600],
      [join(daemon.folder, 'log'), 0o600],
    ] as const) {
      expect((await stat(path)).mode & 0o777).toBe(mode);
    }
    if (process.getuid?.() !== 0) return;
    const asNobody = await runCommand('setpriv', [
      '--reuid=65534',
      '--clear-groups',
      'sh',
      '-c',
      `printf x >> '${daemon.socketPath}'`,
    ]);
    expect(asNobody.status).not.toBe(0);
  });

  it('sets a long log aside when it starts', async () => {
    await daemon.kill('SIGTERM');
    const log = join(daemon.folder, 'log');
    await writeFile(log, 'x'.repeat(MAX_LOG_BYTES + 1));
    const next = await DaemonProcess.start(daemon.folder);
    await next.kill('SIGTERM');
    expect((await stat(`${log}.1`)).size).toBe(MAX_LOG_BYTES + 1);
    expect((await stat(log)).size).toBeLessThan(10_000);
    expect(await readFile(log, 'utf8')).toContain('"msg":"listening"');
  });

  it('takes little memory, after mounting and unmounting too', async () => {
    await using client = await daemon.connect();
    expect((await client.call('status', {})).memory).toBeLessThan(MEMORY_LIMIT);
    for (let i = 0; i < 30; i += 1) {
      await mount({ new: true });
      await client.call('unmount', { all: true });
    }
    expect((await client.call('status', {})).mounts).toEqual([]);
    // The reader of the last mount may still be ending, and the next one is being started ahead.
    await waitUntil(async () => (await client.call('status', {})).memory! < MEMORY_LIMIT, SETTLE_TIME);
  });

  it('goes on after each image that cannot be mounted', async () => {
    await rm(image);
    await expect(mount()).rejects.toMatchObject({ code: 'image-not-found' });
    await writeFile(image, Buffer.alloc(100_000, 7));
    await expect(mount()).rejects.toMatchObject({ kind: { exit: 5 } });
    expect(daemon.mountPoints()).toEqual([]);
    expect(await mount({ image: SMALL_IMAGE })).toMatchObject({
      mount: { image: expect.stringContaining(basename(SMALL_IMAGE)) as string },
    });
  });
});
