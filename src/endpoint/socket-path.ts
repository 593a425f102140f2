// Where the control socket and the daemon's log are, and whether the socket is one to trust. Used by both ends, so
// that they meet; nothing is created here.
import { countBytes } from '../base/byte-count.js';
import { lstatSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { homeFolder, readFolderVariable, readPathVariable } from '../base/environment.js';
import type { Environment } from '../base/environment.js';
import { IsodriveError, isSystemError } from '../base/error.js';
import { refuseRawBytes } from '../base/path-text.js';
import { temporaryFolder } from '../base/temporary-folder.js';

/** sun_path of sockaddr_un holds 108 bytes, its terminator included (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** The socket of the system service. */
export const SYSTEM_SOCKET = '/run/isodrive/control.sock';

/**
 * The control socket: `wanted`, or ISODRIVE_SOCKET, or isodrive/control.sock in XDG_RUNTIME_DIR, in /run/user/UID,
 * or in a folder of the user's own in the temporary folder. `usage` when the path is too long for a socket.
 */
export function controlSocketPath(
  wanted: string | undefined,
  environment: Environment = process.env,
): string {
  const named = wanted ?? readPathVariable('ISODRIVE_SOCKET', environment);
  if (process.platform === 'win32') return named ?? pipeName();
  const path = resolve(named ?? defaultSocketPath(environment));
  refuseRawBytes(path, 'Socket path', 'Set ISODRIVE_SOCKET to a path in UTF-8');
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw new IsodriveError(
      'usage',
      `Socket path "${path}" has ${countBytes(bytes)}, expected at most ${MAX_SOCKET_PATH_BYTES}`,
      {
        action: 'Set ISODRIVE_SOCKET to a shorter path',
      },
    );
  }
  return path;
}

/** Pipes have a folder of their own, which is no directory. */
function pipeName(): string {
  return `\\\\.\\pipe\\isodrive-${userInfo().username}`;
}

function defaultSocketPath(environment: Environment): string {
  const uid = ownUserId();
  const runtime = readFolderVariable('XDG_RUNTIME_DIR', environment);
  if (runtime !== undefined) return join(runtime, 'isodrive', 'control.sock');
  const run = `/run/user/${uid}`;
  if (isOwnDirectory(run, uid)) return join(run, 'isodrive', 'control.sock');
  return join(temporaryFolder(), 'control.sock');
}

/** Where servers of drives tell of themselves: beside the control socket, or, as that of pipes, beside the log. */
export function servedDrivesFolder(
  wanted: string | undefined,
  environment: Environment = process.env,
): string {
  const path = controlSocketPath(wanted, environment);
  if (process.platform === 'win32') return join(stateFolder(environment), `${basename(path)}.drives`);
  return join(dirname(path), 'drives');
}

/**
 * The daemon's log: isodrive/isodrived.log in XDG_STATE_HOME, by default ~/.local/state; in %LOCALAPPDATA% on
 * Windows.
 */
export function daemonLogPath(environment: Environment = process.env): string {
  return join(stateFolder(environment), 'isodrived.log');
}

/** Where the log goes when the state folder cannot be written to: beside the socket. */
export function spareLogPath(socketPath: string): string {
  return join(dirname(socketPath), 'isodrived.log');
}

/** The journal of a daemon's mounts: beside its socket, or, as pipes are in no directory, beside its log. */
export function defaultJournalPath(socketPath: string, environment: Environment = process.env): string {
  if (process.platform !== 'win32') return `${socketPath}.mounts`;
  return join(stateFolder(environment), `${basename(socketPath)}.mounts`);
}

function stateFolder(environment: Environment): string {
  const isWindows = process.platform === 'win32';
  const state = readFolderVariable(isWindows ? 'LOCALAPPDATA' : 'XDG_STATE_HOME', environment);
  if (state !== undefined) return join(state, 'isodrive');
  return join(homeFolder(), ...(isWindows ? ['AppData', 'Local'] : ['.local', 'state']), 'isodrive');
}

/**
 * Refuses, with `permission`, a socket that somebody else could have put there: it and its directory belong to
 * this user or root, and nobody else may rename what lies in the directory. A missing one passes.
 */
export function checkSocketOwner(socketPath: string): void {
  const directory = statIfThere(dirname(socketPath), statSync);
  if (directory === undefined) return;
  const others = (directory.mode & WRITABLE_BY_OTHERS) !== 0 && (directory.mode & STICKY) === 0;
  if (!isTrusted(directory.uid) || others) {
    throw refusal(dirname(socketPath), directory.uid, directory.mode);
  }
  const socket = statIfThere(socketPath, lstatSync);
  if (socket !== undefined && !isTrusted(socket.uid)) throw refusal(socketPath, socket.uid, socket.mode);
}

function refusal(path: string, uid: number, mode: number): IsodriveError {
  return new IsodriveError(
    'permission',
    `"${path}" belongs to user ${uid} with mode ${(mode & 0o7777).toString(8)}, ` +
      `expected user ${ownUserId()} or root and nobody else to write there`,
    { action: 'Set XDG_RUNTIME_DIR or ISODRIVE_SOCKET to a directory of your own' },
  );
}

function statIfThere(path: string, stat: typeof statSync): { uid: number; mode: number } | undefined {
  try {
    return stat(path);
  } catch (thrown) {
    if (isSystemError(thrown) && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')) return undefined;
    throw new IsodriveError('permission', `Cannot look at "${path}": ${String(thrown)}`, { cause: thrown });
  }
}

function isOwnDirectory(path: string, uid: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === uid;
}

function isTrusted(uid: number): boolean {
  return uid === 0 || uid === ownUserId();
}

function ownUserId(): number {
  return process.getuid?.() ?? 0;
}
