// Images of several files through the service of the machine: users pass all of them, it opens none of them itself, and
// it may be killed at any moment.
import { closeSync, openSync } from 'node:fs';
import { appendFile, chown, copyFile, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { O_PATH, openDirectory } from '../../src/mount/open-directory.js';
import type { MountSummary } from '../../src/protocol/messages.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { findOrdinaryUser } from '../support/machines/ordinary-user.js';
import type { OrdinaryUser } from '../support/machines/ordinary-user.js';
import { SystemService } from '../support/machines/system-service.js';
import type { TestUser } from '../support/machines/system-service.js';
import { needs } from '../support/needs.js';
import { hasEnded } from '../support/programs/has-ended.js';
import { waitUntil } from '../support/programs/private-isodrive.js';

const ADA = 61_011;
const BOB = 61_012;
const ROUNDS = 5;

/** An image in parts, which only its user can read: paths, and names of those behind the first. */
interface SplitImage {
  readonly first: string;
  readonly beside: readonly string[];
}

describe('The system service and images of several files', needs('root', 'xorriso'), () => {
  let service: SystemService;
  let ada: TestUser;
  let bob: TestUser;
  let tree: string;
  let whole: string;
  let stranger: OrdinaryUser;
  let cli: string;
  let count = 0;

  beforeAll(async () => {
    stranger = await findOrdinaryUser();
    cli = join(stranger.options.project, 'dist', 'src', 'cli', 'main.js');
  });
  afterAll(() => stranger[Symbol.asyncDispose]());

  beforeEach(async () => {
    service = await SystemService.start({ isKept: true });
    await mustRun('mkdir', ['-m', '755', join(service.folder, 'sample')]);
    const sample = await makeSampleImage(join(service.folder, 'sample'), {
      ...{ large: 6_000_000, 'a/small': 5, 'a/middle': 70_001 },
    });
    await mustRun('chmod', ['-R', 'a+rX', sample.tree]);
    ({ tree, image: whole } = sample);
    ada = service.user(ADA);
    bob = service.user(BOB);
  });
  afterEach(() => service[Symbol.asyncDispose]());

  const splitFor = async (user: TestUser, parts: number): Promise<SplitImage> => {
    const folder = user.makeDirectory(`parts-${(count += 1)}`);
    const numbers = ['-a', '3', '--numeric-suffixes=1'];
    await mustRun('split', ['-n', String(parts), ...numbers, whole, join(folder, 'disc.iso.')]);
    const names = (await readdir(folder)).sort();
    for (const name of names) await chown(join(folder, name), user.uid, user.uid);
    await mustRun('chmod', ['600', ...names.map((name) => join(folder, name))]);
    return { first: join(folder, names[0]!), beside: names.slice(1) };
  };
  const asUser = (user: TestUser, program: string, args: string[]): Promise<CommandResult> =>
    runCommand(program, args, {
      uid: user.uid,
      gid: user.uid,
      cwd: '/',
      env: { ...process.env, HOME: user.home },
    });
  const run = (user: TestUser, ...args: string[]): Promise<CommandResult> =>
    asUser(user, process.execPath, [cli, ...args, '--system', '--socket', service.socketPath]);
  const describeMount = async (user: TestUser): Promise<MountSummary> => {
    await using client = await user.connect();
    return (await client.call('list', {})).mounts[0]!;
  };
  const compare = (user: TestUser, directory: string): Promise<CommandResult> =>
    asUser(user, 'diff', ['-r', tree, directory]);
  const kill = async (): Promise<void> => {
    const pid = await service.pid();
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => hasEnded(pid));
  };

  it('mounts them by the command, which opens all of them, and shows them to their user alone', async () => {
    const { first, beside } = await splitFor(ada, 3);
    const directory = ada.makeDirectory();
    expect(await run(ada, 'mount', first, directory)).toMatchObject({ status: 0, stderr: '' });
    expect(await compare(ada, directory)).toMatchObject({ status: 0 });
    const size = (await readFile(whole)).length;
    expect(await describeMount(ada)).toMatchObject({
      image: first,
      beside,
      size,
      state: 'ok',
      driver: 'fuse',
    });
    expect(await bob.list()).toEqual([]);
    expect((await compare(bob, directory)).status).toBe(2);
    const again = await run(ada, 'mount', first, '--json');
    expect(JSON.parse(again.stdout.toString())).toMatchObject({ existing: true, mountPoint: directory });
    // Where no directory is named, one is made, named after the label.
    const made = await run(ada, 'mount', '--new', first);
    expect(made).toMatchObject({ status: 0, stderr: '' });
    expect(await compare(ada, made.stdout.toString().trimEnd())).toMatchObject({ status: 0 });
    expect(await run(ada, 'unmount', '--all')).toMatchObject({ status: 0 });
    expect(service.mountPoints()).toEqual([]);
  });

  it('finds the files of a cue sheet among those that its user passes, also by names in other case', async () => {
    const folder = ada.makeDirectory('sheet');
    await copyFile(whole, join(folder, 'Data.bin'));
    await writeFile(join(folder, 'sound 2.bin'), Buffer.alloc(2352 * 300, 7));
    await writeFile(join(folder, 'sound 3.bin'), Buffer.alloc(2352 * 300, 8));
    await writeFile(join(folder, 'notes.txt'), 'no part of it');
    const sound = (number: number): string =>
      `FILE "C:\\images\\sound ${number}.bin" BINARY\n  TRACK 0${number} AUDIO\n    INDEX 01 00:00:00\n`;
    const data = 'FILE "DATA.BIN" BINARY\n  TRACK 01 MODE1/2048\n    INDEX 01 00:00:00\n';
    await writeFile(join(folder, 'disc.cue'), `${data}${sound(2)}${sound(3)}`);
    await mustRun('chown', ['-R', `${ada.uid}:${ada.uid}`, folder]);
    const directory = ada.makeDirectory();
    const printed = await run(ada, 'mount', join(folder, 'disc.cue'), directory);
    expect(printed).toMatchObject({ status: 0, stderr: '' });
    const { beside, state } = await describeMount(ada);
    expect([[...beside!].sort(), state]).toEqual([['Data.bin', 'sound 2.bin', 'sound 3.bin'], 'ok']);
    await kill();
    expect(await compare(ada, directory)).toMatchObject({ status: 0 });
    expect((await describeMount(ada)).state).toBe('ok');
  });

  it('opens no file that was not passed, though it lies beside the image', async () => {
    const { first, beside } = await splitFor(ada, 3);
    const directory = ada.makeDirectory();
    const files = await service.openFiles();
    const { mount } = await ada.mount(first, directory, { beside: beside.slice(0, 1) });
    // Two thirds of the disc: the daemon is root, and might open the rest.
    expect(mount).toMatchObject({ beside: beside.slice(0, 1), state: 'damaged' });
    expect(await ada.unmount(mount.id)).toBeUndefined();
    await expect.poll(() => service.openedSince(files)).toEqual([]);
  });

  it('goes on with all of them when it is killed, under readers, with no path left', async () => {
    const { first, beside } = await splitFor(ada, 99);
    expect(beside).toHaveLength(98);
    const directory = ada.makeDirectory();
    const { mount } = await ada.mount(first, directory, { beside });
    expect(mount.beside).toEqual(beside);
    await rm(join(first, '..'), { recursive: true });
    const [large, middle] = [join(directory, 'large'), join(directory, 'a', 'middle')];
    const loop = 'while [ ! -e "$1"/stop ]; do sha256sum "$2" "$3" || exit 1; done | sort -u | wc -l';
    const reading = asUser(ada, 'sh', ['-c', loop, 'sh', ada.home, large, middle]);
    for (let round = 0; round < ROUNDS; round += 1) {
      // Once without the journal: the note in the index tells of all files.
      if (round === 2) await rm(`${service.socketPath}.mounts`);
      await kill();
      expect(await ada.list()).toEqual([mount.id]);
    }
    await writeFile(join(ada.home, 'stop'), '');
    const read = await reading;
    expect([read.status, read.stdout.toString().trim(), read.stderr]).toEqual([0, '2', '']);
    expect(await compare(ada, directory)).toMatchObject({ status: 0 });
    expect(await describeMount(ada)).toMatchObject({ beside, state: 'ok' });
    expect(await ada.unmount(mount.id)).toBeUndefined();
  });

  it('hands all of them over to a new version', async () => {
    const { first, beside } = await splitFor(ada, 40);
    const directory = ada.makeDirectory();
    await ada.mount(first, directory, { beside });
    const before = await service.pid();
    const upgrade = [cli, 'daemon', 'upgrade', '--system', '--socket', service.socketPath];
    expect(await runCommand(process.execPath, upgrade, {})).toMatchObject({ status: 0 });
    expect(await service.pid()).not.toBe(before);
    expect(await compare(ada, directory)).toMatchObject({ status: 0 });
    expect(await describeMount(ada)).toMatchObject({ beside, state: 'ok' });
  });

  it('keeps none of them open, and nobody else does, once the mount has ended or was refused', async () => {
    const { first, beside } = await splitFor(ada, 30);
    const directory = ada.makeDirectory();
    const kept = async (): Promise<number> => {
      const status = await readFile(`/proc/${await service.pid()}/status`, 'utf8');
      return (await readdir(`/proc/${/^PPid:\s+(\d+)$/m.exec(status)![1]}/fd`)).length;
    };
    const [files, before] = [await service.openFiles(), await kept()];
    const { mount } = await ada.mount(first, directory, { beside });
    // Image, mount point, index and device, and one for each of the others.
    expect(await kept()).toBe(before + 4 + 29);
    await kill();
    expect(await ada.unmount(mount.id)).toBeUndefined();
    await expect.poll(kept).toBe(before);
    await expect(ada.mount(first, directory, { beside: [...beside.slice(1), 'x/y'] })).rejects.toThrow();
    await expect.poll(() => service.openedSince(files)).toEqual([]);
  });

  it('says when any of them has changed, and mounts no mixture of old and new', async () => {
    const { first, beside } = await splitFor(ada, 3);
    const directory = ada.makeDirectory();
    await ada.mount(first, directory, { beside });
    const second = join(first, '..', beside[0]!);
    await appendFile(second, 'x');
    expect((await describeMount(ada)).state).toBe('changed');
    const printed = await run(ada, 'mount', first);
    expect(printed.stderr).toContain(`its file "${basename(second)}" is changed`);
    expect(printed.status).not.toBe(0);
    expect(await ada.list()).toHaveLength(1);
  });

  it('refuses lists that are none, and says what is wrong with them', async () => {
    const { first, beside } = await splitFor(ada, 3);
    const directory = ada.makeDirectory();
    const name = basename(first);
    const files = await service.openFiles();
    const [image, point] = ada.act(() => [openSync(first, 'r'), openDirectory(directory)]);
    const part = ada.act(() => openSync(join(first, '..', beside[0]!), 'r'));
    const bad: [names: readonly string[], given: number[], code: string, message: RegExp][] = [
      [
        ['a', 'a'],
        [part, part],
        'usage',
        /"beside" of "mount" is wrong: expected names that are all different/,
      ],
      [
        ['../a'],
        [part],
        'usage',
        /"beside.0" of "mount" is wrong: expected the name of a file, without folders/,
      ],
      [['.'], [part], 'usage', /without folders/],
      [['a\0'], [part], 'usage', /without folders/],
      [['x'.repeat(256)], [part], 'usage', /expected a name of at most 255 bytes/],
      [[name], [part], 'usage', /Found "disc.iso.001" among the files beside/],
      [['a', 'b'], [part], 'usage', /Message names 4 descriptors, found 3/],
      [
        ['a'],
        [openSync('/dev/null', 'r')],
        'image-unreadable',
        /the file "a" beside the image .* is no file/,
      ],
      [['a'], [openSync(ada.home, 'r')], 'image-unreadable', /the file "a" beside/],
      [['a'], [openSync(first, O_PATH)], 'permission', /the file "a" .* was not opened for reading/],
      [['a'], [ada.act(() => openSync(join(ada.home, 'w'), 'w'))], 'permission', /not opened for reading/],
    ];
    for (const [names, given, code, message] of bad) {
      const call = ada.pass(['image', 'directory'], [image, point, ...given], {
        image: first,
        beside: names,
      });
      await expect(call, String(message)).rejects.toMatchObject({
        ...{ code, message: expect.stringMatching(message) as string },
      });
    }
    const many = Array.from({ length: 100 }, (_, i) => `${i}`);
    const all = [image, point, ...many.map(() => part)];
    await expect(ada.pass(['image', 'directory'], all, { image: first, beside: many })).rejects.toMatchObject(
      {
        ...{ code: 'usage', message: expect.stringMatching(/"beside"/) as string },
      },
    );
    const flood = [...all, ...all].slice(0, 128);
    await expect(ada.pass(['image', 'directory'], flood, { image: first })).rejects.toMatchObject({
      ...{
        code: 'usage',
        message: expect.stringMatching(/Found 128 descriptors, expected at most 102/) as string,
      },
    });
    for (const one of [image, point, part, ...bad.flatMap(([, given]) => given.filter((fd) => fd !== part))])
      closeSync(one);
    expect(service.mountPoints()).toEqual([]);
    await expect.poll(() => service.openedSince(files)).toEqual([]);
  });

  it('counts them, and refuses more than its policy allows a user', async () => {
    const { first, beside } = await splitFor(ada, 99);
    const mounts: string[] = [];
    for (let i = 0; i < 2; i += 1) {
      const { mount } = await ada.mount(first, ada.makeDirectory(`m${i}`), { beside, new: true });
      mounts.push(mount.id);
    }
    const third = ada.mount(first, ada.makeDirectory('m2'), { beside, new: true });
    await expect(third).rejects.toMatchObject({
      code: 'quota',
      message: `Mounts of user ${ADA} would hold 294 files beside their images, expected at most 256`,
    });
    // They count on when another daemon goes on with them.
    await kill();
    await expect(ada.mount(first, ada.makeDirectory('m3'), { beside, new: true })).rejects.toMatchObject({
      code: 'quota',
    });
    expect(await ada.unmount(mounts[0]!)).toBeUndefined();
    await ada.mount(first, ada.makeDirectory('m4'), { beside, new: true });
  });
});
