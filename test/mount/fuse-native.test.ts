// The fuse-native driver on trees that no mastering tool writes. The mount is served by this process's event loop, so
// nothing here may touch it synchronously: other processes look at it.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IsodriveError } from '../../src/base/error.js';
import { createFuseNativeDriver } from '../../src/mount/fuse-native/fuse-native-driver.js';
import { formatMountOptions } from '../../src/mount/fuse-native/mount-options.js';
import { LocalImage } from '../../src/mount/local-image.js';
import type { ActiveMount } from '../../src/mount/mount-driver.js';
import { findMount, readMountTable } from '../../src/mount/mount-table.js';
import { memoryImage } from '../support/fakes/memory-tree.js';
import type { MemoryImage } from '../support/fakes/memory-tree.js';
import { needs } from '../support/needs.js';

const run = promisify(execFile);
const driver = createFuseNativeDriver();
const { available } = await driver.check();

let directory: string;
let mounts: ActiveMount[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "isodrive-native $HOME'; "));
  mounts = [];
});
afterEach(async () => {
  for (const mount of mounts) {
    await mount.unmount({ lazy: true });
    await mount.ended;
  }
  rmSync(directory, { recursive: true, force: true });
});

async function mount(image: MemoryImage): Promise<ActiveMount> {
  const active = await driver.mount({
    image: new LocalImage(image),
    directory,
    sourceName: '/images/with, comma \\ and space.iso',
    label: 'MEMORY',
    allowOther: false,
  });
  mounts.push(active);
  return active;
}

/** Runs a script in the mount. Not through `cwd`: Node waits, blocked, until the child has changed its directory. */
async function shell(script: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', `cd "$1" && ${script}`, 'sh', directory], { timeout: 20_000 });
  return stdout;
}

describe('fuse-native', needs({ what: 'driver fuse-native', isThere: available }), () => {
  it('stands in the mount table as a read-only mount of the image, with its own type', async () => {
    const active = await mount(await memoryImage([]));
    const entry = findMount(readMountTable(), directory);
    expect(entry).toMatchObject({ type: 'fuse.isodrive', source: '/images/with, comma \\ and space.iso' });
    expect(entry?.options).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev']));
    expect(active.device).toBe(entry?.device);
  });

  it('shows content, attributes and targets', async () => {
    // Nobody but root reads the folder of another user.
    const userId = process.getuid?.() ?? 0;
    await mount(
      await memoryImage([
        {
          type: 'file',
          name: 'a',
          content: 'hello',
          mode: 0o4644,
          userId: 70_000,
          modified: [1_234_567_890, 123_456],
        },
        { type: 'symlink', name: 'l', target: '../away' },
        { type: 'char', name: 'c', device: [300, 70_000] },
        { type: 'fifo', name: 'p' },
        { type: 'socket', name: 's' },
        {
          type: 'directory',
          name: 'd',
          mode: 0o500,
          userId,
          children: [{ type: 'file', name: 'b', content: 'b' }],
        },
      ]),
    );
    expect(await shell('stat -c "%n %F %a %u %s %.9Y %t:%T" *; cat a d/b; readlink l')).toBe(
      [
        'a regular file 4644 70000 5 1234567890.123000000 0:0',
        'c character special file 644 0 0 1700000000.000000000 12c:11170',
        `d directory 500 ${userId} 0 1700000000.000000000 0:0`,
        'l symbolic link 644 0 0 1700000000.000000000 0:0',
        'p fifo 644 0 0 1700000000.000000000 0:0',
        's socket 644 0 0 1700000000.000000000 0:0',
        'hellob../away\n',
      ].join('\n'),
    );
  });

  it('tells the number of every entry in its directory, and refuses names that no file system of Linux has', async () => {
    await mount(
      await memoryImage([
        { type: 'file', name: 'a', content: 'a' },
        { type: 'directory', name: 'd', children: [{ type: 'file', name: 'b', content: 'b' }] },
      ]),
    );
    const listed = await shell('ls -ai . d | grep -v "\\.\\.$" | sort');
    const asked = await shell('stat -c "%i a" a; stat -c "%i b" d/b; stat -c "%i d" d');
    for (const line of asked.trim().split('\n')) expect(listed).toContain(line);
    const long = 'x'.repeat(256);
    expect(await shell(`stat ${long} 2>&1 || true`)).toContain('File name too long');
    expect(await shell(`stat ${long.slice(1)} 2>&1 || true`)).toContain('No such file');
  });

  it('shows names that are not UTF-8 under names that can be opened', async () => {
    const odd = (text: string): Uint8Array => Buffer.from(text, 'latin1');
    await mount(
      await memoryImage([
        { type: 'file', name: odd('a\xff'), content: 'one' },
        { type: 'file', name: odd('a\xfe'), content: 'two' },
        { type: 'file', name: 'a\ufffd', content: 'three' },
        { type: 'file', name: odd('\xe9'.repeat(255)), content: 'long' },
        { type: 'directory', name: odd('d\xe9'), children: [{ type: 'file', name: 'x', content: 'four' }] },
      ]),
    );
    const names = (await shell('ls')).trimEnd().split('\n');
    expect(new Set(names)).toEqual(
      new Set(['a\ufffd', 'a\ufffd~2', 'a\ufffd~3', '\ufffd'.repeat(85), 'd\ufffd']),
    );
    expect(await shell('cat a*; cat d*/x; cat "$(ls | tail -1)"')).toContain('four');
    expect((await shell('cat a* | fold -w 1 | sort | tr -d "\\n"')).length).toBe('onetwothree'.length);
  });

  it('answers the errno of a directory that cannot be listed, and goes on', async () => {
    const fault = new IsodriveError('loop', 'It is one of its own ancestors');
    await mount(
      await memoryImage([
        { type: 'directory', name: 'bad', fault },
        { type: 'file', name: 'good', content: 'x' },
      ]),
    );
    await expect(shell('ls bad/x')).rejects.toThrow('symbolic links');
    await expect(shell('ls bad')).rejects.toThrow('symbolic links');
    expect(await shell('cat good')).toBe('x');
  });

  it('answers EIO where the image ends early or cannot be read, and only there', async () => {
    const content = new Uint8Array(1_000_000).fill(0x41);
    await mount(
      await memoryImage([{ type: 'file', name: 'f', content }], { cut: 300_000, badByte: 2048 + 500_000 }),
    );
    const count = (skip: number): Promise<string> =>
      shell(`dd if=f bs=4096 skip=${skip} count=1 2>/dev/null | wc -c`);
    expect((await count(0)).trim()).toBe('4096');
    expect((await count(150)).trim()).toBe('4096');
    expect((await count(Math.floor(500_000 / 4096))).trim()).toBe('0');
    expect((await count(200)).trim()).toBe('0');
    await expect(shell('cat f')).rejects.toThrow('Input/output error');
  });

  it('refuses to unmount while a file is open, and then says "busy"', async () => {
    const active = await mount(await memoryImage([{ type: 'file', name: 'f', content: 'x'.repeat(10) }]));
    const holder = spawn('sh', [
      '-c',
      `cd "$1"; exec 3<f; cd /; echo open; read line; cat <&3`,
      'sh',
      directory,
    ]);
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    await expect(active.unmount({ lazy: false })).rejects.toMatchObject({ code: 'busy' });
    expect(await shell('cat f')).toBe('x'.repeat(10));
    await active.unmount({ lazy: true });
    expect(findMount(readMountTable(), directory)).toBeUndefined();
    expect(await Promise.race([active.ended, sleep(600, 'still served')])).toBe('still served');
    const rest = new Promise((resolve) =>
      holder.stdout.once('data', (data: Buffer) => resolve(data.toString())),
    );
    holder.stdin.end('\n');
    expect(await rest).toBe('x'.repeat(10));
    expect(await active.ended).toEqual({ reason: 'unmounted' });
  });

  it('notices when somebody else unmounts', async () => {
    const active = await mount(await memoryImage([]));
    await run('umount', [directory]);
    expect(await active.ended).toEqual({ reason: 'unmounted' });
    await active.unmount({ lazy: false });
  });

  it('refuses a second mount on the same directory', async () => {
    const image = await memoryImage([]);
    await mount(image);
    await expect(mount(image)).rejects.toMatchObject({ code: 'busy' });
  });

  it('mounts several images at once', async () => {
    const images = await Promise.all(
      ['a', 'b', 'c', 'd'].map((content) => memoryImage([{ type: 'file', name: 'f', content }])),
    );
    const folders = images.map(() => mkdtempSync(join(tmpdir(), 'isodrive-native-many-')));
    const active = await Promise.all(
      images.map((image, i) =>
        driver.mount({
          image: new LocalImage(image),
          directory: folders[i]!,
          sourceName: `${i}`,
          label: '',
          allowOther: false,
        }),
      ),
    );
    mounts.push(...active);
    const contents = await Promise.all(
      folders.map(async (folder) => (await run('cat', [join(folder, 'f')])).stdout),
    );
    expect(contents).toEqual(['a', 'b', 'c', 'd']);
    await Promise.all(active.map((one) => one.unmount({ lazy: false })));
    expect(await Promise.all(active.map((one) => one.ended))).toHaveLength(4);
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
});

describe('formatMountOptions', () => {
  it('never lets a long path cut off an option, nor a name add one', async () => {
    const image = new LocalImage(await memoryImage([]));
    const sourceName = `/x,suid,${'\u00e9'.repeat(2000)}`;
    const text = formatMountOptions({
      image,
      directory: '/',
      sourceName,
      label: '',
      allowOther: false,
    });
    expect(Buffer.byteLength(text)).toBeLessThan(1024);
    expect(text.startsWith('-oro,nosuid,nodev,')).toBe(true);
    expect(text).toContain('fsname=/x\\,suid\\,');
  });
});
