// The only code that makes or removes names on the user's disk. A TargetDirectory is a real directory below the one
// the user named: it was created here, or lstat has shown it to be a directory and no symlink, before anything is
// written into it. Names come from the index, which lets neither "/", NUL, "." nor ".." through; they are checked
// here all the same, and on Windows as that would take them. Nothing is ever opened through a name that existed: it is
// new, under a draft's name (draft.ts), and O_EXCL says so.
import {
  closeSync,
  constants,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import { toNamespacedPath } from 'node:path';
import { makeFoldersSync } from '../../base/make-folders.js';
import { hostPath } from '../../base/path-text.js';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { explainSystemError } from '../../base/system-error.js';
import { WindowsNames, refuseShortName, toWindowsName } from './host-name.js';

const isWindows = process.platform === 'win32';
const SLASH = 0x2f;
const SEPARATOR = Uint8Array.of(isWindows ? 0x5c : SLASH);
const DOT = 0x2e;

/** Directories are the extractor's alone until they get their own mode, after all that is in them. */
const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;

/** The directory that the user named, created when missing. Throws `usage` or `permission` when it cannot be used. */
export function openTarget(directory: string): TargetDirectory {
  try {
    const isNew = makeFoldersSync(directory);
    // The user's own path may lead through symlinks; from here on none is followed.
    return new TargetDirectory(resolveTarget(directory), isNew);
  } catch (thrown) {
    throw explainSystemError(`Cannot extract into "${directory}"`, thrown, {
      detail: ', expected a directory or a name for a new one',
      action: 'Choose another directory with -C',
    });
  }
}

/**
 * On Windows with the prefix "\\\\?\\", which lifts the limit of 260 characters, and keeps names from being
 * changed.
 */
function resolveTarget(directory: string): Buffer {
  if (!isWindows) return realpathSync.native(hostPath(directory), 'buffer');
  return Buffer.from(toNamespacedPath(realpathSync.native(directory)));
}

export class TargetDirectory {
  /** Absolute path. */
  readonly path: Buffer;
  readonly isNew: boolean;
  readonly #windowsNames = isWindows ? new WindowsNames() : undefined;

  /** `isNew`: made by this run. */
  constructor(path: Buffer, isNew: boolean) {
    this.path = path;
    this.isNew = isNew;
  }

  /**
   * Path of a name in this directory. Throws RangeError for what is no plain name, `unsupported` for what is none on
   * Windows.
   */
  child(name: Uint8Array): Buffer {
    const isDots = name[0] === DOT && (name.length === 1 || (name.length === 2 && name[1] === DOT));
    if (name.length === 0 || isDots || name.includes(SLASH) || name.includes(0)) {
      throw new RangeError('Name in the index is no file name');
    }
    this.#windowsNames?.add(toWindowsName(name));
    return Buffer.concat([this.path, SEPARATOR, name]);
  }

  /** Makes a directory. False when something of its name is there. */
  static make(path: Buffer): boolean {
    try {
      mkdirSync(path, PRIVATE_DIRECTORY);
      return true;
    } catch (thrown) {
      if (isSystemError(thrown) && thrown.code === 'EEXIST') return false;
      throw thrown;
    }
  }

  /**
   * Whether a real directory stands at the path; one that its owner, who we are, may not write into is opened for
   * us.
   */
  static open(path: Buffer): boolean {
    // lstat, so that a symlink is seen as what it is and never as where it leads.
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() !== true) return false;
    const isClosed = (found.mode & PRIVATE_DIRECTORY) !== PRIVATE_DIRECTORY;
    if (!isWindows && isClosed && found.uid === process.geteuid?.() && found.uid !== 0) {
      withDirectory(path, (descriptor) => fchmodSync(descriptor, (found.mode & 0o7777) | PRIVATE_DIRECTORY));
    }
    return true;
  }

  /** Creates a file and gives its descriptor, which the caller closes. */
  static createFile(path: Buffer): number {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return openSync(path, flags, PRIVATE_FILE);
  }

  /** Readies a path for a new thing to take its name: only what a rename would not replace is removed. */
  makeRoom(path: Buffer): void {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined && (isWindows || found.isDirectory())) removeOld(path);
  }
}

/** Removes a file, or a directory that is empty. Throws `busy` for one that is not. */
export function removeOld(path: Buffer): void {
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

/** Opens a directory of our own for what is done to it; never follows a symlink. Closed when `use` is done. */
export function withDirectory<T>(path: Buffer, use: (descriptor: number) => T): T {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const descriptor = openSync(path, flags);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
