// The only code that makes or removes names on the user's disk. A TargetDirectory is a real directory below the one
// the user named: it was created here, or lstat has shown it to be a directory and no symlink, before anything is
// written into it. Names come from the index, which lets neither "/", NUL, "." nor ".." through; they are checked
// here all the same, and on Windows as that would take them. Nothing is ever opened through a name that existed: it is
// removed first, and O_EXCL says so.
import {
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { toNamespacedPath } from 'node:path';
import { makeFoldersSync } from '../../base/make-folders.js';
import { hostPath } from '../../base/path-text.js';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { WindowsNames, refuseShortName, toWindowsName } from './host-name.js';

const isWindows = process.platform === 'win32';
const SLASH = 0x2f;
const SEPARATOR = Uint8Array.of(isWindows ? 0x5c : SLASH);
const DOT = 0x2e;

/** Directories are the extractor's alone until they get their own mode, after all that is in them. */
const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;

/** The directory that the user named, created when missing. Throws `usage` or `permission` when it cannot be used. */
export function openTarget(directory: string): {
  readonly target: TargetDirectory;
  readonly created: boolean;
} {
  try {
    const created = makeFoldersSync(directory);
    // The user's own path may lead through symlinks; from here on none is followed.
    return { target: new TargetDirectory(resolveTarget(directory)), created };
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
    const isRefusal = thrown.code === 'EACCES' || thrown.code === 'EPERM' || thrown.code === 'EROFS';
    throw new IsodriveError(
      isRefusal ? 'permission' : 'usage',
      `Cannot extract into "${directory}": found ${thrown.code}, expected a directory or a name for a new one`,
      { cause: thrown, action: 'Choose another directory with -C' },
    );
  }
}

/** On Windows with the prefix "\\\\?\\", which lifts the limit of 260 characters, and keeps names from being changed. */
function resolveTarget(directory: string): Buffer {
  if (!isWindows) return realpathSync.native(hostPath(directory), 'buffer');
  return Buffer.from(toNamespacedPath(realpathSync.native(directory)));
}

export class TargetDirectory {
  /** Absolute path. */
  readonly path: Buffer;
  readonly #windowsNames = isWindows ? new WindowsNames() : undefined;

  constructor(path: Buffer) {
    this.path = path;
  }

  /** Path of a name in this directory. Throws RangeError for what is no plain name, `unsupported` for what is none on Windows. */
  child(name: Uint8Array): Buffer {
    const isDots = name[0] === DOT && (name.length === 1 || (name.length === 2 && name[1] === DOT));
    if (name.length === 0 || isDots || name.includes(SLASH) || name.includes(0)) {
      throw new RangeError('Name in the index is no file name');
    }
    this.#windowsNames?.add(toWindowsName(name));
    return Buffer.concat([this.path, SEPARATOR, name]);
  }

  /** Makes a directory, or takes the real one that is there. */
  enter(name: Uint8Array): { readonly directory: TargetDirectory; readonly created: boolean } {
    const path = this.child(name);
    const created = replacing(path, true, () => mkdirSync(path, PRIVATE_DIRECTORY));
    return { directory: new TargetDirectory(path), created };
  }

  /** Creates a file and gives its descriptor, which the caller closes. */
  createFile(path: Buffer): number {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    let descriptor = -1;
    replacing(path, false, () => (descriptor = openSync(path, flags, PRIVATE_FILE)));
    return descriptor;
  }

  createSymlink(path: Buffer, target: Uint8Array): void {
    replacing(path, false, () => symlinkSync(Buffer.from(target), path));
  }

  /** Makes a second name of a file that this extraction has written. */
  createLink(path: Buffer, existing: Buffer): void {
    replacing(path, false, () => linkSync(existing, path));
  }

  /** Removes what stands at the path, so that a new thing can be made there. */
  makeRoom(path: Buffer): void {
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) removeOld(path);
  }
}

/** Runs `create`, and once more after what stood in its way is gone. False when `keepDirectory` found one. */
function replacing(path: Buffer, keepDirectory: boolean, create: () => unknown): boolean {
  try {
    create();
    return true;
  } catch (thrown) {
    if (!isSystemError(thrown) || thrown.code !== 'EEXIST') throw thrown;
  }
  // lstat, so that a symlink is seen as what it is and never as where it leads.
  if (keepDirectory && lstatSync(path).isDirectory()) return false;
  removeOld(path);
  create();
  return true;
}

function removeOld(path: Buffer): void {
  if (isWindows) refuseShortName(path.toString());
  if (!lstatSync(path).isDirectory()) {
    unlinkSync(path);
    return;
  }
  if (readdirSync(path).length > 0) {
    throw new IsodriveError(
      'busy',
      'Cannot replace what has its name in the target: found a directory that is not empty, expected no directory',
      { action: 'Extract into an empty directory' },
    );
  }
  rmdirSync(path);
}

/** Opens a directory of our own for changes to itself; never follows a symlink. */
export function withDirectory(path: Buffer, change: (descriptor: number) => void): void {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const descriptor = openSync(path, flags);
  try {
    change(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
