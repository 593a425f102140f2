// The disc of the presenter suite: a tree on the local disk, which is the truth, and the image that xorriso makes of
// it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { PseudoRandom } from '../../scripts/support/pseudo-random.js';

export const LARGE_FILE = 'large.bin';
export const LARGE_BYTES = 3_333_333;
export const LONG_NAME = 'n'.repeat(255);
export const CROWDED = 'crowded';
export const CROWD = 10_000;
const BASE_TIME = 1_500_000_000;

/** What every presenter must show of an entry. */
export interface Shown {
  readonly type: string;
  readonly mode: number;
  readonly userId: number;
  readonly groupId: number;
  /** Of files; link counts and sizes of directories are each file system's own affair. */
  readonly size: number | undefined;
  readonly links: number | undefined;
  /** Whole seconds since the epoch. */
  readonly modified: number;
  readonly target: string | undefined;
  /** "major:minor". */
  readonly device: string | undefined;
  readonly sha256: string | undefined;
}

/** Fills an empty folder. Devices and owners need root, and are left out without. */
export function writeTree(root: string): void {
  const isRoot = process.geteuid?.() === 0;
  const random = new PseudoRandom(3);
  const words = new Uint32Array(Math.ceil(LARGE_BYTES / 4));
  random.fill(words);
  writeFileSync(join(root, LARGE_FILE), new Uint8Array(words.buffer, 0, LARGE_BYTES));
  writeFileSync(join(root, 'empty'), '');
  writeFileSync(join(root, 'block'), 'x'.repeat(2048));
  writeFileSync(join(root, 'hard-a'), 'one content, two names');
  mkdirSync(join(root, 'deep/a/b/c/d/e/f/g/h/i'), { recursive: true });
  linkSync(join(root, 'hard-a'), join(root, 'deep/a/hard-b'));
  writeFileSync(join(root, 'deep/a/b/c/d/e/f/g/h/i/leaf'), 'leaf');
  writeFileSync(join(root, LONG_NAME), 'long name');
  writeFileSync(join(root, 'na\u00efve \u65e5\u672c\u8a9e \ud83d\udcbf.txt'), 'unicode');
  writeFileSync(join(root, ' odd\nname\\ "*?'), 'odd');
  symlinkSync('deep/a/hard-b', join(root, 'link'));
  symlinkSync(`/nowhere/${'x/'.repeat(500)}end`, join(root, 'dangling'));
  symlinkSync('../../..', join(root, 'deep/up'));
  copyFileSync('/bin/true', join(root, 'program'));
  mkdirSync(join(root, CROWDED));
  for (let i = 0; i < CROWD; i += 1) writeFileSync(join(root, CROWDED, `entry-${i}`), '');
  mkdirSync(join(root, 'private'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  if (isRoot) {
    execFileSync('mknod', [join(root, 'char'), 'c', '10', '229']);
    execFileSync('mknod', [join(root, 'blk'), 'b', '259', '300']);
    execFileSync('chown', ['-h', '1234:5678', join(root, 'block'), join(root, 'link')]);
  }
  // Only root reads what nobody may, and extracts what runs as another user.
  const [program, empty] = isRoot ? [0o4755, 0o000] : [0o755, 0o400];
  const modes = { program, private: 0o1700, block: 0o604, empty, fifo: 0o620 };
  for (const [name, mode] of Object.entries(modes)) chmodSync(join(root, name), mode);
  let time = BASE_TIME;
  for (const path of listPaths(root).reverse()) lutimesSync(join(root, path), time, time++);
}

/** Makes the image of a tree: Rock Ridge and Joliet, hard links kept, owners and modes as they are. */
export function makeImage(root: string, image: string): void {
  const options = ['-quiet', '-R', '-J', '-joliet-long', '--hardlinks', '-iso-level', '3', '-V', 'SUITE'];
  execFileSync('xorriso', ['-as', 'mkisofs', ...options, '-o', image, root], { stdio: 'ignore' });
}

/** All paths below a folder, relative to it, parents before children; "." is the folder itself. */
export function listPaths(root: string): string[] {
  const paths = ['.'];
  const pending = [''];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      paths.push(path);
      if (entry.isDirectory()) pending.push(path);
    }
  }
  return paths;
}

/** Looks at a tree on disk, mounted or not. `hash` reads every file. */
export function lookAtTree(root: string, hash: boolean): Map<string, Shown> {
  return new Map(listPaths(root).map((path) => [path, lookAt(join(root, path), hash)]));
}

function lookAt(path: string, hash: boolean): Shown {
  const status = lstatSync(path);
  const type = typeOf(status);
  const isDirectory = type === 'directory';
  const isDevice = type === 'char' || type === 'block';
  return {
    type,
    mode: status.mode & 0o7777,
    userId: status.uid,
    groupId: status.gid,
    size: isDirectory ? undefined : status.size,
    links: isDirectory ? undefined : status.nlink,
    modified: Math.floor(status.mtimeMs / 1000),
    target: type === 'symlink' ? readlinkSync(path) : undefined,
    device: isDevice ? deviceOf(status.rdev) : undefined,
    sha256:
      type === 'file' && hash ? createHash('sha256').update(readFileSync(path)).digest('hex') : undefined,
  };
}

function typeOf(status: Stats): string {
  if (status.isFile()) return 'file';
  if (status.isDirectory()) return 'directory';
  if (status.isSymbolicLink()) return 'symlink';
  if (status.isCharacterDevice()) return 'char';
  return status.isBlockDevice() ? 'block' : 'fifo';
}

/** glibc's gnu_dev_major and gnu_dev_minor, for numbers below 2^32. */
function deviceOf(device: number): string {
  return `${(device >>> 8) & 0xfff}:${(device & 0xff) | ((device >>> 12) & 0xfff00)}`;
}
