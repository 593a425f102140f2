// What every face of an image must do, one sentence each. The table runs on a listing, on what extraction leaves on
// the disk, and on a mount by each driver.
import { execFile } from 'node:child_process';
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  opendir,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  statfs,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { PseudoRandom } from '../../scripts/support/pseudo-random.js';
import { CROWD, CROWDED, LARGE_BYTES, LARGE_FILE, LONG_NAME } from './presenter-tree.js';
import type { Shown } from './presenter-tree.js';

const run = promisify(execFile);
const RANDOM_READS = 200;

/** A face of the image. `look` gives all entries by path, "." for the root. */
export interface Presenter {
  look(): Promise<Map<string, Shown>>;
  /** Bytes of a file, short at its end. */
  readonly read: (path: string, position: number, length: number) => Promise<Buffer>;
}

/** A face that is a directory, of the kernel's making or on the local disk. */
export interface DirectoryPresenter extends Presenter {
  readonly directory: string;
}

/** The tree that the image was made of. */
export interface Truth {
  readonly directory: string;
  readonly entries: Map<string, Shown>;
}

type Check<P> = (presenter: P, truth: Truth) => Promise<void>;

/** For every face. */
export const PRESENTER_CHECKS: Readonly<Record<string, Check<Presenter>>> = {
  'shows every entry and no other': async (presenter, truth) => {
    expect(sorted((await presenter.look()).keys())).toEqual(sorted(truth.entries.keys()));
  },
  'shows every attribute and the content of every file': async (presenter, truth) => {
    const shown = await presenter.look();
    for (const [path, entry] of truth.entries)
      expect({ path, ...shown.get(path) }).toEqual({ path, ...entry });
  },
  'shows a name of 255 bytes': async (presenter) => {
    expect((await presenter.read(LONG_NAME, 0, 100)).toString()).toBe('long name');
  },
  'reads any range of a file': async (presenter, truth) => {
    const content = await readFile(join(truth.directory, LARGE_FILE));
    const random = new PseudoRandom(11);
    for (let i = 0; i < RANDOM_READS; i += 1) {
      const position = random.between(0, LARGE_BYTES);
      const length = random.between(1, 300_000);
      const bytes = await presenter.read(LARGE_FILE, position, length);
      expect(bytes.equals(content.subarray(position, position + length))).toBe(true);
    }
  },
  'reads nothing at and beyond the end of a file, and only what is left before it': async (presenter) => {
    expect((await presenter.read(LARGE_FILE, LARGE_BYTES, 10)).length).toBe(0);
    expect((await presenter.read(LARGE_FILE, LARGE_BYTES + 1_000_000, 10)).length).toBe(0);
    expect((await presenter.read(LARGE_FILE, LARGE_BYTES - 3, 10)).length).toBe(3);
    expect((await presenter.read('empty', 0, 10)).length).toBe(0);
  },
};

/** For faces that are directories. */
export const DIRECTORY_CHECKS: Readonly<Record<string, Check<DirectoryPresenter>>> = {
  'shows 10,000 entries of one directory, each once': async ({ directory }) => {
    const names = await readNames(join(directory, CROWDED));
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name !== '.' && name !== '..').length).toBe(CROWD);
  },
  'says ENOENT for what is not there and ENOTDIR below a file': async ({ directory }) => {
    await expect(lstat(join(directory, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(lstat(join(directory, 'missing/below'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(lstat(join(directory, 'block/below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(readlink(join(directory, 'block'))).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(opendir(join(directory, 'block'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  },
  'follows symlinks': async ({ directory }) => {
    expect(await readFile(join(directory, 'link'), 'utf8')).toBe('one content, two names');
    await expect(readFile(join(directory, 'dangling'))).rejects.toMatchObject({ code: 'ENOENT' });
  },
  'gives names of one file the same inode number, and other files others': async ({ directory }) => {
    const inode = async (path: string): Promise<number> => (await lstat(join(directory, path))).ino;
    expect(await inode('hard-a')).toBe(await inode('deep/a/hard-b'));
    const others = await Promise.all(
      ['hard-a', 'block', 'empty', LARGE_FILE, 'link', 'deep', '.'].map(inode),
    );
    expect(new Set(others).size).toBe(others.length);
  },
  'runs a program, which the kernel maps into memory': async ({ directory }) => {
    await expect(run(join(directory, 'program'))).resolves.toMatchObject({ stdout: '' });
  },
};

/** For mounts. */
export const MOUNT_CHECKS: Readonly<Record<string, Check<DirectoryPresenter>>> = {
  'lists a directory in byte order': async ({ directory }) => {
    for (const folder of ['.', CROWDED]) {
      const names = (await readNames(join(directory, folder))).filter((name) => !/^\.\.?$/.test(name));
      expect(names).toEqual(sorted(names));
    }
  },
  'refuses every change with EROFS': async ({ directory }) => {
    const file = join(directory, 'block');
    const made = join(directory, 'new');
    const changes: Record<string, () => Promise<unknown>> = {
      create: () => writeFile(made, ''),
      write: () => open(file, 'r+'),
      truncate: () => truncate(file),
      mkdir: () => mkdir(made),
      rmdir: () => rmdir(join(directory, 'private')),
      unlink: () => rm(file),
      rename: () => rename(file, made),
      link: () => link(file, made),
      symlink: () => symlink('x', made),
      chmod: () => chmod(file, 0o777),
      utimes: () => utimes(file, 1, 1),
    };
    for (const [name, change] of Object.entries(changes)) {
      await expect(change(), name).rejects.toMatchObject({ code: 'EROFS' });
    }
  },
  'tells the size of the disc, with nothing free': async ({ directory }) => {
    const { bsize, blocks, bfree, bavail } = await statfs(directory);
    expect(bsize).toBe(2048);
    expect(blocks * bsize).toBeGreaterThan(LARGE_BYTES);
    expect([bfree, bavail]).toEqual([0, 0]);
  },
  'has no extended attributes, and says so as file systems without them do': async ({ directory }) => {
    const list = run('getfattr', ['--dump', '--match=-', join(directory, 'block')]);
    const failure = await list.then(({ stdout }) => stdout, String);
    expect(failure).toMatch(/^$|Operation not supported/);
    const single = run('getfattr', ['--name=user.x', join(directory, 'block')]);
    await expect(single).rejects.toThrow(/No such attribute|Operation not supported/);
  },
  'serves many readers at once': async ({ directory }, truth) => {
    const expected = truth.entries.get(LARGE_FILE)?.sha256;
    const readers = Array.from({ length: 8 }, () => run('sha256sum', [join(directory, LARGE_FILE)]));
    for (const { stdout } of await Promise.all(readers)) expect(stdout.slice(0, 64)).toBe(expected);
  },
};

/** Raw order of the kernel; readdir of Node would sort. */
async function readNames(directory: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of await opendir(directory)) names.push(entry.name);
  return names;
}

function sorted(names: Iterable<string>): string[] {
  return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
