// Two users of one service: each has what they could open themselves, and nothing of the other.
import { execFile } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { findMount, readMountTable } from '../../src/mount/mount-table.js';
import { openDirectory } from '../../src/mount/open-directory.js';
import { ControlClient } from '../../src/protocol/client.js';
import type { DaemonEvent } from '../../src/protocol/messages.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { findOrdinaryUser } from '../support/machines/ordinary-user.js';
import { SystemService } from '../support/machines/system-service.js';
import type { TestUser } from '../support/machines/system-service.js';
import { needs } from '../support/needs.js';

const ADA = 61_001;
const BOB = 61_002;
const OPERATOR_GROUP = 61_100;
const UNITS = join(import.meta.dirname, '..', '..', 'systemd', 'system');

describe('The system service', needs('root'), () => {
  let service: SystemService;
  let ada: TestUser;
  let bob: TestUser;
  let image: string;
  let count = 0;
  const freshDirectory = (user: TestUser): string => user.makeDirectory(`mnt-${(count += 1)}`);

  beforeAll(async () => {
    service = await SystemService.start({
      policy: {
        administrators: OPERATOR_GROUP,
        limits: { mounts: 3 },
        rules: [{ user: BOB, allowOther: true, mounts: 2 }],
      },
    });
    ada = service.user(ADA);
    bob = service.user(BOB);
    image = await ada.own(SMALL_IMAGE);
  });
  afterEach(async () => {
    for (const user of [ada, bob]) {
      await using client = await user.connect();
      await client.call('unmount', { all: true });
    }
    expect(service.mountPoints()).toEqual([]);
  });
  afterAll(() => service[Symbol.asyncDispose]());

  it('shows a disc to the user who mounted it, as theirs, and to nobody else', async () => {
    const directory = freshDirectory(ada);
    const { mount } = await ada.mount(image, directory);
    expect(mount).toMatchObject({ owner: ADA, image, mountPoint: directory, driver: 'fuse', state: 'ok' });
    const file = join(directory, 'COPYING');
    expect(await ada.read(file)).toHaveLength(17_992);
    const owner = await mustRun('stat', ['-c', '%u %g', file], { uid: ADA, gid: ADA });
    expect(owner.stdout.toString()).toBe(`${ADA} ${ADA}\n`);
    // Not even root, who is no user of it.
    expect(() => readFileSync(file)).toThrow(/EACCES/);
    expect(await bob.read(file)).toMatch(/Permission denied/);
    expect(await ada.list()).toEqual([mount.id]);
    expect(await bob.list()).toEqual([]);
    const entry = findMount(readMountTable(), directory);
    expect(entry).toMatchObject({ type: 'fuse.isodrive' });
    expect(entry!.source).not.toContain('disc.iso');
  });

  it('answers about a mount of somebody else as about none', async () => {
    const directory = freshDirectory(ada);
    const { mount } = await ada.mount(image, directory);
    const unknown = (await bob.unmount('0123abcd'))!;
    for (const name of [mount.id, mount.id.slice(0, 4), directory, image, mount.label]) {
      expect(await bob.unmount(name)).toBe(unknown.replace('0123abcd', name));
    }
    await using client = await bob.connect();
    expect(await client.call('unmount', { all: true })).toEqual({ unmounted: [], failed: [] });
    const status = await client.call('status', {});
    expect(status.mounts).toEqual([]);
    expect(status.memory).toBeUndefined();
    expect(await ada.list()).toEqual([mount.id]);
  });

  it('tells each user of their own mounts only, as events and as metrics', async () => {
    await using adaWatches = await ada.connect();
    await using bobWatches = await bob.connect();
    const seen: Record<string, DaemonEvent['event'][]> = { ada: [], bob: [] };
    adaWatches.onEvent = ({ event }) => seen.ada!.push(event);
    bobWatches.onEvent = ({ event }) => seen.bob!.push(event);
    await adaWatches.call('watch', {});
    await bobWatches.call('watch', {});
    const { mount } = await ada.mount(image, freshDirectory(ada));
    expect(await metricsOf(ada)).toContain(mount.id);
    const others = await metricsOf(bob);
    expect(others).toContain('isodrive_mounts 0');
    expect(others).not.toMatch(new RegExp(`${mount.id}|resident_memory|uptime`));
    expect(await ada.unmount(mount.id)).toBeUndefined();
    await expect.poll(() => seen).toEqual({ ada: ['mounted', 'unmounted'], bob: [] });
  });

  /** What GET /metrics answers. */
  const metricsOf = (user: TestUser): Promise<string> => {
    const socket = user.act(() => connect({ path: service.socketPath }));
    socket.write('GET /metrics HTTP/1.1\r\n\r\n');
    return new Promise((resolve) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
    });
  };

  it('opens no path for anybody, and says nothing of what is there', async () => {
    await using client = await bob.connect();
    const refusals = await Promise.all(
      [image, '/etc/shadow', '/no/such/file'].map((path) =>
        client.call('mount', { image: path, directory: bob.home }).catch((thrown: unknown) => thrown),
      ),
    );
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ code: 'policy', message: (refusals[0] as Error).message });
    }
  });

  it('takes only what was opened for reading', async () => {
    const directory = bob.makeDirectory('place');
    const place = bob.act(() => openDirectory(directory));
    const path = join(bob.home, 'write-only');
    const pipe = join(bob.home, 'pipe');
    await mustRun('mkfifo', [pipe]);
    const wrong: [() => number, object][] = [
      // Bob can name what he cannot read (O_PATH), and can write what he never reads.
      [() => openSync(pipe, 0o10_000_000), { code: 'permission' }],
      [() => bob.act(() => openSync(path, 'w')), { code: 'permission' }],
      [() => openSync(pipe, 'r+'), { code: 'image-unreadable' }],
      [() => openSync('/dev/null', 'r'), { code: 'image-unreadable' }],
      [() => openSync(bob.home, 'r'), { code: 'image-unreadable' }],
    ];
    for (const [open, error] of wrong) {
      const descriptor = open();
      await expect(
        bob.pass(['image', 'directory'], [descriptor, place], { image: '/x' }),
      ).rejects.toMatchObject(error);
      closeSync(descriptor);
    }
    closeSync(place);
    expect(() => bob.act(() => openSync(image, 'r'))).toThrow(/EACCES/);
  });

  it('mounts only on directories of the caller', async () => {
    const file = ada.act(() => openSync(image, 'r'));
    const open = (path: string): number => openDirectory(path);
    const closed = ada.makeDirectory('gone');
    const gone = open(closed);
    rmSync(closed, { recursive: true });
    const wrong: [number, object][] = [
      [
        open(bob.home),
        { code: 'permission', message: expect.stringContaining('belongs to user 61002') as string },
      ],
      [open('/'), { code: 'permission' }],
      [open('/proc/self'), { code: 'policy' }],
      [gone, { code: 'usage' }],
      [openSync(image, 'r'), { code: 'usage' }],
    ];
    for (const [place, error] of wrong) {
      await expect(ada.pass(['image', 'directory'], [file, place], { image })).rejects.toMatchObject(error);
      closeSync(place);
    }
    closeSync(file);
    const directory = freshDirectory(ada);
    await ada.mount(image, directory);
    await expect(ada.mount(image, directory, { new: true })).rejects.toMatchObject({
      code: expect.anything() as string,
    });
  });

  it('mounts and unmounts what was opened, whatever has its path by then', async () => {
    const parent = ada.makeDirectory('parent');
    const directory = join(parent, 'tmp');
    ada.act(() => mkdirSync(directory));
    const opened = ada.act(() => [openSync(image, 'r'), openDirectory(directory)]);
    // Swapped between the user's open and the service's mount: for a symlink to what is not theirs.
    renameSync(parent, `${parent}-moved`);
    symlinkSync('/', parent);
    const other = await ada.own(SMALL_IMAGE, 'other.iso');
    writeFileSync(other, 'no disc');
    renameSync(other, image);
    try {
      const { mount } = await ada.pass(['image', 'directory'], opened, { image });
      expect(mount.mountPoint).toBe(join(`${parent}-moved`, 'tmp'));
      expect(await ada.read(join(`${parent}-moved`, 'tmp', 'COPYING'))).toHaveLength(17_992);
      // And back, between mount and unmount: "tmp" now leads to a mount of root's, which must stay.
      rmSync(parent);
      renameSync(`${parent}-moved`, parent);
      const decoy = join(service.folder, 'decoy');
      mkdirSync(join(decoy, 'tmp'), { recursive: true });
      await mustRun('mount', ['-t', 'tmpfs', 'decoy', join(decoy, 'tmp')]);
      renameSync(parent, `${parent}-moved`);
      symlinkSync(decoy, parent);
      expect(await ada.unmount(mount.id)).toBeUndefined();
      expect(service.mountPoints()).toEqual([join(decoy, 'tmp')]);
      await mustRun('umount', [join(decoy, 'tmp')]);
    } finally {
      opened.forEach(closeSync);
      image = await ada.own(SMALL_IMAGE);
    }
  });

  it('leaves no descriptor open, whatever is refused', async () => {
    const before = await service.openFiles();
    const directory = ada.makeDirectory('leak');
    for (let i = 0; i < 20; i += 1) {
      const opened = ada.act(() => [openSync(image, 'r'), openDirectory(directory)]);
      const empty = ada.act(() => openSync(join(ada.home, 'empty'), 'w+'));
      await expect(ada.pass(['image', 'directory'], [empty, opened[1]!], { image })).rejects.toThrow(/empty/);
      await expect(ada.pass(['image'], [opened[0]!], { image })).rejects.toThrow(/opens nothing/);
      await expect(ada.pass(['image', 'directory', 'map'], opened, { image })).rejects.toThrow(/found 2/);
      await expect(
        ada.pass(['image', 'directory', 'map'], [...opened, openSync('/dev/zero', 'r')], { image }),
      ).rejects.toMatchObject({ code: 'image-unreadable' });
      const { mount } = await ada.mount(image, directory);
      expect(await ada.unmount(mount.id)).toBeUndefined();
      for (const descriptor of [...opened, empty]) closeSync(descriptor);
    }
    await expect.poll(() => service.openedSince(before)).toEqual([]);
  });

  it('gives EIO for what a map of the user says was not read', async () => {
    const map = join(ada.home, 'some.map');
    // COPYING lies in sector 27 and the eight behind it.
    const end = statSync(image).size - 0x12000;
    writeFileSync(map, `0x0 + 1\n0x0 0xD800 +\n0xD800 0x4800 -\n0x12000 0x${end.toString(16)} +\n`);
    const directory = freshDirectory(ada);
    const opened = [...ada.act(() => [openSync(image, 'r'), openDirectory(directory)]), openSync(map, 'r')];
    await ada.pass(['image', 'directory', 'map'], opened, { image });
    opened.forEach(closeSync);
    expect(await ada.read(join(directory, 'COPYING'))).toMatch(/Input\/output error/);
  });

  it('lets others in only where the policy does, and keeps everybody within their limits', async () => {
    await expect(ada.mount(image, freshDirectory(ada), { allowOther: true })).rejects.toMatchObject({
      code: 'policy',
    });
    await expect(ada.mount(image, freshDirectory(ada), { driver: 'erofs' })).rejects.toMatchObject({
      code: 'policy',
    });
    const own = await bob.own(SMALL_IMAGE);
    const directory = freshDirectory(bob);
    const { mount } = await bob.mount(own, directory, { allowOther: true });
    expect(mount.allowOther).toBe(true);
    expect(readFileSync(join(directory, 'COPYING'))).toHaveLength(17_992);
    await bob.mount(own, freshDirectory(bob), { new: true });
    await expect(bob.mount(own, freshDirectory(bob), { new: true })).rejects.toMatchObject({
      code: 'quota',
      message: 'User 61002 has 2 mounts, expected at most 2',
    });
    for (let i = 0; i < 3; i += 1) await ada.mount(image, freshDirectory(ada), { new: true });
    await expect(ada.mount(image, freshDirectory(ada), { new: true })).rejects.toMatchObject({
      code: 'quota',
    });
    expect((await ada.list()).length).toBe(3);
  });

  it('counts a mount that is detached and still in use', async () => {
    const held: (() => Promise<void>)[] = [];
    for (let i = 0; i < 3; i += 1) {
      const directory = freshDirectory(ada);
      const { mount } = await ada.mount(image, directory, { new: true });
      held.push(await ada.hold(join(directory, 'COPYING')));
      expect(await ada.unmount(mount.id, { lazy: true })).toBeUndefined();
    }
    expect(await ada.list()).toEqual([]);
    await expect(ada.mount(image, freshDirectory(ada), { new: true })).rejects.toMatchObject({
      code: 'quota',
    });
    for (const release of held) await release();
    await expect
      .poll(() =>
        ada.mount(image, freshDirectory(ada), { new: true }).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
  });

  it('obeys root and the administrators, and nobody else, as a whole', async () => {
    const { mount } = await ada.mount(image, freshDirectory(ada));
    await using user = await bob.connect();
    for (const method of ['shutdown', 'upgrade'] as const) {
      await expect(user.call(method, {})).rejects.toMatchObject({ code: 'permission' });
    }
    const operator = service.user(61_003);
    await using client = await operatorConnection(operator);
    expect((await client.call('status', {})).memory).toBeGreaterThan(0);
    expect((await client.call('list', {})).mounts).toMatchObject([{ id: mount.id, owner: ADA }]);
    await expect(client.call('shutdown', {})).rejects.toMatchObject({ code: 'permission' });
    expect(await client.call('unmount', { targets: [{ name: mount.id, paths: [] }] })).toMatchObject({
      unmounted: [{ id: mount.id }],
    });
  });

  /** With the group of administrators as their own. */
  const operatorConnection = (operator: TestUser): ReturnType<TestUser['connect']> => {
    process.setegid!(OPERATOR_GROUP);
    process.seteuid!(operator.uid);
    try {
      return ControlClient.connect(service.socketPath);
    } finally {
      process.seteuid!(0);
      process.setegid!(0);
    }
  };

  it('serves the command line', async () => {
    // They cannot read a checkout in a folder of root's.
    await using stranger = await findOrdinaryUser();
    const cli = join(stranger.options.project, 'dist', 'src', 'cli', 'main.js');
    const run = async (user: TestUser, ...args: string[]): Promise<string> => {
      const options = {
        cwd: user.home,
        uid: user.uid,
        gid: user.uid,
        timeout: 30_000,
        env: { ...process.env, HOME: user.home },
      };
      const all = [cli, ...args, '--system', '--socket', service.socketPath];
      return (await promisify(execFile)(process.execPath, all, options)).stdout;
    };
    const mountPoint = (await run(ada, 'mount', image)).trimEnd();
    expect(mountPoint).toBe(join(ada.home, 'Discs', 'Rock Ridge Copy test'));
    expect(await run(ada, 'list')).toMatch(/61001$/m);
    expect(await run(bob, 'list')).toBe('');
    await expect(run(bob, 'unmount', mountPoint)).rejects.toMatchObject({ code: 4 });
    await expect(run(bob, 'mount', image)).rejects.toMatchObject({ code: 6 });
    await run(ada, 'unmount', mountPoint);
    // The folder of all discs goes with the last of them.
    expect(await readdir(ada.home)).not.toContain('Discs');
  });

  it('needs no more privileges than its unit leaves it', async () => {
    const unit = readFileSync(join(UNITS, 'isodrived.service'), 'utf8');
    const capabilities = /^CapabilityBoundingSet=(.*)$/mu.exec(unit)![1]!.split(' ');
    await using bounded = await SystemService.start({
      capabilities: capabilities.map((name) => name.replace('CAP_', '').toLowerCase()),
      isKept: true,
    });
    const user = bounded.user(ADA);
    const directory = user.makeDirectory();
    const { mount } = await user.mount(await user.own(SMALL_IMAGE), directory);
    expect(await user.read(join(directory, 'COPYING'))).toHaveLength(17_992);
    expect(await user.unmount(mount.id)).toBeUndefined();
    await user.mount(join(user.home, 'disc.iso'), directory);
    await bounded.restart();
    expect(bounded.mountPoints()).toEqual([]);
  });
});
