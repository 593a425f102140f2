// Errors of the user's own files in words, each with its exit code: the one place that knows what an errno of a full
// disk, a forbidden folder or a name that is too long means to whoever meets it.
import { IsodriveError, isSystemError } from './error.js';
import type { ErrorCode } from './error.js';

interface SystemFault {
  readonly words: string;
  readonly code: ErrorCode;
  readonly action: string;
}

const MAKE_ROOM = 'Make room and run the command again, or choose another place';
const CHECK_PERMISSIONS = 'Check the permissions of the file and of its folder, or choose another place';
const CHECK_PATH = 'Check the path';
const CLOSE_FILES = 'Raise the limit of open files (ulimit -n) and run the command again';

const FAULTS: ReadonlyMap<string, SystemFault> = new Map<string, SystemFault>([
  ['ENOSPC', { words: 'no space left on device', code: 'partial', action: MAKE_ROOM }],
  ['EDQUOT', { words: 'disk quota exceeded', code: 'partial', action: MAKE_ROOM }],
  ['EFBIG', { words: 'file too large for this file system or limit', code: 'partial', action: MAKE_ROOM }],
  ['EIO', { words: 'input/output error', code: 'partial', action: 'Check the medium that is written to' }],
  ['EBADF', { words: 'it is closed', code: 'partial', action: 'Run the command with its output open' }],
  ['EACCES', { words: 'permission denied', code: 'permission', action: CHECK_PERMISSIONS }],
  ['EPERM', { words: 'operation not permitted', code: 'permission', action: CHECK_PERMISSIONS }],
  ['EROFS', { words: 'read-only file system', code: 'permission', action: 'Choose another place' }],
  ['E2BIG', { words: 'words and variables too long', code: 'usage', action: 'Shorten them' }],
  ['ETXTBSY', { words: 'it is being run', code: 'busy', action: 'End the program and try again' }],
  ['EMFILE', { words: 'too many open files', code: 'partial', action: CLOSE_FILES }],
  ['ENFILE', { words: 'too many open files in the system', code: 'partial', action: CLOSE_FILES }],
  ['ENAMETOOLONG', { words: 'name too long', code: 'usage', action: CHECK_PATH }],
  ['ELOOP', { words: 'too many levels of symbolic links', code: 'usage', action: CHECK_PATH }],
  ['ENOTDIR', { words: 'a part of the path is no folder', code: 'usage', action: CHECK_PATH }],
  ['EISDIR', { words: 'it is a folder', code: 'usage', action: CHECK_PATH }],
  ['ENOENT', { words: 'no such file or folder', code: 'usage', action: CHECK_PATH }],
  ['EEXIST', { words: 'it is there already', code: 'usage', action: 'Remove it, or choose another name' }],
]);

/** Errors that say that there is no room. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** The errno of a failed system call in words; its own name where there are none. */
export function nameSystemError(error: NodeJS.ErrnoException): string {
  return FAULTS.get(error.code ?? '')?.words ?? error.code ?? error.message;
}

/** Whether an error of a system call says that there is no room for what is written. */
export function isFull(thrown: unknown): boolean {
  return isSystemError(thrown) && FULL.has(thrown.code);
}

/**
 * An error of a file that a path names, where the errno is one that its user can do something about; others as they
 * are.
 */
export function explainFileError(thrown: unknown): unknown {
  if (!isSystemError(thrown) || thrown.path === undefined || !FAULTS.has(thrown.code)) return thrown;
  return explainSystemError(`Cannot use "${thrown.path}"`, thrown);
}

export interface SystemErrorOptions {
  /** What the user can do; the errno's own advice where absent. */
  readonly action?: string;
  /** Stands behind the words, such as ", expected room for 5 bytes". */
  readonly detail?: string;
}

/**
 * Gives an error of a system call as one of ours: `what` ("Cannot write "/x"") and then the errno in words. Gives
 * everything else back as it is.
 */
export function explainSystemError(what: string, thrown: unknown, options: SystemErrorOptions = {}): unknown {
  if (!isSystemError(thrown)) return thrown;
  const fault = FAULTS.get(thrown.code);
  const message = `${what}: ${nameSystemError(thrown)}${options.detail ?? ''}`;
  const action = options.action ?? fault?.action ?? CHECK_PATH;
  return new IsodriveError(fault?.code ?? 'partial', message, { cause: thrown, action });
}
