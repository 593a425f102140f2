// What can be opened, what is refused and how, and how a file that changes is noticed.
import { execFileSync } from 'node:child_process';
import { appendFile, chmod, mkdtemp, rm, truncate, writeFile, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileSource } from '../../../src/source/file/file-source.js';
import { needs } from '../../support/needs.js';

const CONTENT = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));

describe('a file source', () => {
  let folder: string;
  const place = async (name: string, content: Uint8Array = CONTENT): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-source-'));
    await chmod(folder, 0o755);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('reads at any place, short only at the end, and nothing beyond it', async () => {
    await using source = await FileSource.open(await place('plain'));
    const target = Buffer.alloc(100);
    expect(source.size).toBe(5000);
    expect(await source.read(target, 1000)).toBe(100);
    expect(target).toEqual(CONTENT.subarray(1000, 1100));
    expect(await source.read(target, 4990)).toBe(10);
    expect(target.subarray(0, 10)).toEqual(CONTENT.subarray(4990));
    expect(await source.read(target, 6000)).toBe(0);
  });

  it('reads what the page cache holds without waiting, and leaves the rest to read', async () => {
    await using source = await FileSource.open(await place('cached'));
    const target = new Uint8Array(100);
    expect(source.readCached(target, 1000)).toBe(true);
    expect(Buffer.from(target)).toEqual(CONTENT.subarray(1000, 1100));
    expect(source.readCached(target, 4950)).toBe(false);
  });

  it('refuses a missing file', async () => {
    await expect(FileSource.open(join(folder, 'missing'))).rejects.toMatchObject({
      code: 'image-not-found',
      message: expect.stringContaining('no such file') as string,
    });
  });

  it('says in words what is wrong with a path', async () => {
    const circle = join(folder, 'circle');
    await symlink(circle, circle);
    for (const [path, words] of [
      [circle, 'symbolic links lead in a circle'],
      [join(folder, 'x'.repeat(300)), 'too long for this system'],
    ] as const) {
      await expect(FileSource.open(path)).rejects.toMatchObject({
        code: 'image-not-found',
        message: expect.stringContaining(words) as string,
      });
    }
  });

  it.each([
    ['a directory', () => Promise.resolve(folder), 'it is a directory, expected a file'],
    ['an empty file', () => place('empty', new Uint8Array()), 'it is empty, expected a disc image'],
    ['a character device', () => Promise.resolve('/dev/null'), 'it is a character device, expected'],
  ])('refuses %s', async (_, path, words) => {
    await expect(FileSource.open(await path())).rejects.toMatchObject({
      code: 'image-unreadable',
      message: expect.stringContaining(words) as string,
    });
  });

  it('refuses a pipe at once instead of waiting for its writer', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    await expect(FileSource.open(path)).rejects.toMatchObject({
      code: 'image-unreadable',
      message: expect.stringContaining('it is a pipe') as string,
    });
  });

  it('refuses a file without permission', async () => {
    const path = await place('secret');
    await chmod(path, 0);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid!(65_534);
    try {
      await expect(FileSource.open(path)).rejects.toMatchObject({ code: 'permission' });
    } finally {
      if (isRoot) process.seteuid!(0);
    }
  });

  it('notices that the file was cut off under it', async () => {
    const path = await place('cut');
    await using source = await FileSource.open(path);
    await truncate(path, 1000);
    expect(await source.read(Buffer.alloc(10), 500)).toBe(10);
    await expect(source.read(Buffer.alloc(10), 2000)).rejects.toMatchObject({
      code: 'image-changed',
      message: expect.stringContaining('it has 1000 bytes now, expected 5000') as string,
    });
  });

  it('notices that the file was written to', async () => {
    const path = await place('written');
    await using source = await FileSource.open(path);
    await source.checkUnchanged();
    await writeFile(path, CONTENT.subarray(0, 4999));
    await appendFile(path, 'x');
    await expect(source.checkUnchanged()).rejects.toMatchObject({ code: 'image-changed' });
  });

  it('keeps reading the file that it opened when another takes its name', async () => {
    const path = await place('replaced');
    await using source = await FileSource.open(path);
    await rm(path);
    await place('replaced', Buffer.alloc(5000, 1));
    const target = Buffer.alloc(10);
    await source.read(target, 7);
    expect(target).toEqual(CONTENT.subarray(7, 17));
    await source.checkUnchanged();
  });

  it('reads nothing once the signal has fired', async () => {
    await using source = await FileSource.open(await place('aborted'));
    await expect(source.read(Buffer.alloc(1), 0, AbortSignal.abort())).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  it('knows the size of a block device (needs root)', needs('loop devices'), async () => {
    const path = await place('disk', Buffer.alloc(1024 * 1024, 7));
    const device = execFileSync('losetup', ['--find', '--show', '--read-only', path]).toString().trim();
    try {
      await using source = await FileSource.open(device);
      expect(source.size).toBe(1024 * 1024);
      const target = Buffer.alloc(512);
      expect(await source.read(target, 1024 * 1024 - 512)).toBe(512);
      expect(target.every((byte) => byte === 7)).toBe(true);
    } finally {
      execFileSync('losetup', ['--detach', device]);
    }
  });
});
