// Paths are resolved without touching a mount of our own.
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolvePath } from '../../../daemon/mounts/resolve-path.js';

describe('resolvePath', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'isodrive-path-')));
    await mkdir(join(folder, 'a/b'), { recursive: true });
    await writeFile(join(folder, 'a/b/disc.iso'), '');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const nothing = (): undefined => undefined;
  const mountAt = (mount: string) => (path: string) => (path === mount ? mount : undefined);

  it('follows symlinks as the kernel does', async () => {
    await symlink('b', join(folder, 'a/relative'));
    await symlink(join(folder, 'a'), join(folder, 'absolute'));
    await symlink('../absolute/relative/../b/disc.iso', join(folder, 'a/twisted'));
    for (const path of ['a/relative/disc.iso', 'absolute/b/disc.iso', 'a/twisted']) {
      expect(await resolvePath(join(folder, path), nothing)).toBe(await realpath(join(folder, path)));
    }
  });

  it('keeps what does not exist, for the opener to complain about', async () => {
    expect(await resolvePath(join(folder, 'x/y/z'), nothing)).toBe(join(folder, 'x/y/z'));
  });

  it('refuses a path inside a mount of ours, by whatever symlink it leads there', async () => {
    const mount = join(folder, 'a/b');
    await symlink(join(mount, 'disc.iso'), join(folder, 'link'));
    for (const path of [mount, join(mount, 'disc.iso'), join(folder, 'link')]) {
      await expect(resolvePath(path, mountAt(mount))).rejects.toMatchObject({ code: 'policy' });
    }
    expect(await resolvePath(join(folder, 'a'), mountAt(mount))).toBe(join(folder, 'a'));
  });

  it('ends on symlinks that lead to each other', async () => {
    await symlink('two', join(folder, 'one'));
    await symlink('one', join(folder, 'two'));
    await expect(resolvePath(join(folder, 'one'), nothing)).rejects.toMatchObject({ code: 'loop' });
  });
});
