// Finds or makes the directory that an image is mounted on. The mount table is asked first: a directory below a dead
// mount must not be touched, because that can hang.
import { constants } from 'node:fs';
import { access, lstat, opendir, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { IsodriveError, isExhausted, isSystemError, toIsodriveError } from '../base/error.js';
import { nameSystemError } from '../base/system-error.js';
import { homeFolder } from '../base/environment.js';
import { makeFolders } from '../base/make-folders.js';
import { hostPath, realHostPath, resolveHostPath } from '../base/path-text.js';
import { quoteForShell } from '../base/shell-word.js';
import { findMount, readMountTable } from './mount-table.js';

/** Discs of one label that can be mounted at once. */
const MAX_SAME_LABEL = 1000;
/** Bytes of a label used as a folder's name, which leaves room for a number. */
const MAX_LABEL_BYTES = 200;

export interface MountPoint {
  /** Absolute path without symlinks. */
  readonly directory: string;
  /** Whether prepareMountPoint made it. */
  readonly created: boolean;
  /** Removes the directory when it was created; never rejects, and leaves it when something is in it. */
  release(): Promise<void>;
}

/**
 * The wanted directory, or ~/Discs/LABEL, new or found empty, which a number follows when the name is taken. Rejects
 * with `usage` when the wanted one does not exist or is no directory, `busy` when it is a mount point or not empty, and
 * `permission` when the user may not write there, without which fusermount3 refuses as well. `taken`: folders that
 * mounts have, or are about to have; what is chosen is among them until it is released.
 */
export async function prepareMountPoint(
  wanted: string | undefined,
  label: string,
  taken = new Set<string>(),
): Promise<MountPoint> {
  if (wanted === undefined) return createMountPoint(discsFolder(), label, taken);
  const path = resolveHostPath(wanted);
  refuseMountPoint(path);
  try {
    const directory = await realHostPath(path);
    if (directory !== path) refuseMountPoint(directory);
    await refuseFull(directory);
    await access(hostPath(directory), constants.W_OK);
    return { directory, created: false, release: () => Promise.resolve() };
  } catch (thrown) {
    throw describeRefusal(path, thrown);
  }
}

/** The mount point that another process had prepared; what it had made is made again where it is gone. */
export async function restoreMountPoint(directory: string, created: boolean): Promise<MountPoint> {
  if (!created) return { directory, created, release: () => Promise.resolve() };
  // A mount point that is dead must not be touched; one that is mounted is there.
  if (findMount(readMountTable(), directory) === undefined) await makeFolders(directory);
  return { directory, created, release: () => removeMade(directory) };
}

/** Throws `busy` when something is mounted there. */
export function refuseMountPoint(path: string): void {
  const mount = findMount(readMountTable(), path);
  if (mount !== undefined && path !== '/') throw describeMounted(path, mount.source);
}

/** Why nothing can be mounted where `source` is. */
export function describeMounted(path: string, source: string): IsodriveError {
  return new IsodriveError(
    'busy',
    `Cannot mount on "${path}": found "${source}" mounted there, expected an empty directory`,
    { action: 'Unmount it first, or choose another directory' },
  );
}

async function refuseFull(directory: string): Promise<void> {
  const entries = await opendir(hostPath(directory));
  const entry = await entries.read().finally(() => entries.close());
  if (entry === null) return;
  throw new IsodriveError(
    'busy',
    `Cannot mount on "${directory}": found "${entry.name}" in it, expected an empty directory`,
    { action: 'Choose an empty directory: a mount would hide what is in this one' },
  );
}

function describeRefusal(path: string, thrown: unknown): unknown {
  if (!isSystemError(thrown)) return thrown;
  if (isExhausted(thrown)) return toIsodriveError(thrown);
  const refuse = (code: 'usage' | 'permission' | 'busy', found: string, action: string): IsodriveError =>
    new IsodriveError(
      code,
      `Cannot mount on "${path}": found ${found}, expected an empty directory of yours`,
      {
        cause: thrown,
        action,
      },
    );
  switch (thrown.code) {
    case 'ENOENT':
      return refuse('usage', 'no such directory', `Make it first: mkdir -p ${quoteForShell(path)}`);
    case 'ENOTDIR':
      return refuse('usage', 'no directory', 'Choose a directory');
    case 'ELOOP':
      return refuse('usage', 'symbolic links that lead in a circle', 'Check where its links lead');
    case 'ENAMETOOLONG':
      return refuse('usage', 'a name too long for this system', 'Choose a shorter path');
    case 'ENOTCONN':
      return refuse(
        'busy',
        'a mount whose server is gone',
        `Remove it first: fusermount3 -u -z ${quoteForShell(path)}`,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return refuse(
        'permission',
        `${nameSystemError(thrown)} on writing there`,
        'Choose a directory that you may write to',
      );
    default:
      return refuse('usage', thrown.message, 'Choose another directory');
  }
}

async function createMountPoint(parent: string, label: string, taken: Set<string>): Promise<MountPoint> {
  const name = folderName(label);
  for (let copy = 1; copy <= MAX_SAME_LABEL; copy += 1) {
    const path = join(parent, copy === 1 ? name : `${name} ${copy}`);
    // Before the first wait: of two that are made at once, each takes another.
    if (taken.has(path)) continue;
    taken.add(path);
    try {
      const created = await makeFolder(path);
      if (created === undefined) {
        taken.delete(path);
        continue;
      }
      const release = async (): Promise<void> => {
        if (created) await removeMade(path);
        taken.delete(path);
      };
      return { directory: await realHostPath(path), created, release };
    } catch (thrown) {
      taken.delete(path);
      // As below /proc, where nothing can be made: to make it first would fail as well.
      if (isSystemError(thrown) && thrown.code === 'ENOENT') throw refuseHome(path, thrown);
      throw describeRefusal(path, thrown);
    }
  }
  throw new IsodriveError(
    'busy',
    `Cannot make a folder for "${name}" in "${parent}": found ${MAX_SAME_LABEL} of that name, expected fewer`,
    { action: 'Remove the empty ones, or name a directory' },
  );
}

function refuseHome(path: string, cause: unknown): IsodriveError {
  return new IsodriveError(
    'permission',
    `Cannot make "${path}": the system makes no folder there, expected a home where it does`,
    { cause, action: 'Set HOME to a folder of yours, or name an empty directory to mount on' },
  );
}

/** Removes a folder that was made for a mount, if it is one of those and empty. */
export async function removeDefaultPoint(directory: string): Promise<void> {
  if (dirname(directory) === discsFolder()) await removeMade(directory);
}

/** A folder that was made for a mount, and the one that holds them all with the last of them. */
async function removeMade(directory: string): Promise<void> {
  await removeEmpty(directory);
  if (dirname(directory) === discsFolder()) await removeEmpty(dirname(directory));
}

function discsFolder(): string {
  return join(homeFolder(), 'Discs');
}

/** Whether a folder was made; undefined where what is there cannot be taken: only an empty folder of the user's can. */
async function makeFolder(path: string): Promise<boolean | undefined> {
  // A mount point is not looked at: its server may be gone.
  if (findMount(readMountTable(), path) !== undefined) return undefined;
  try {
    if (await makeFolders(path, 0o755)) return true;
  } catch (thrown) {
    if (isSystemError(thrown) && thrown.code === 'EEXIST') return undefined;
    throw thrown;
  }
  try {
    if (!(await lstat(hostPath(path))).isDirectory()) return undefined;
    await refuseFull(path);
    await access(hostPath(path), constants.W_OK);
    return false;
  } catch {
    return undefined;
  }
}

async function removeEmpty(directory: string): Promise<void> {
  try {
    await rmdir(hostPath(directory));
  } catch (thrown) {
    // Gone already, in use again, or not empty: all of them the user's doing, and nothing that is ours is left.
    if (!isSystemError(thrown)) throw thrown;
  }
}

/** A label as one visible, harmless folder name. */
export function folderName(label: string): string {
  const clean = label
    .replace(/[/\p{Cc}\p{Cf}\ufffd]/gu, '_')
    .trim()
    .replace(/^\./, '_');
  let name = '';
  for (const character of clean) {
    if (Buffer.byteLength(name + character) > MAX_LABEL_BYTES) break;
    name += character;
  }
  return name.trim() === '' ? 'Disc' : name.trim();
}
