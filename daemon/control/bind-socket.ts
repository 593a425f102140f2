// Binds the control socket so that it is never seen with the wrong mode, never taken from a living daemon, and
// taken over from a dead one. It is bound under a name of our own, and a hard link, which fails when the name is
// taken, puts it in place.
import { chmodSync, closeSync, existsSync, linkSync, lstatSync, openSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IsodriveError, isSystemError } from '../../src/base/error.js';
import { makeFoldersSync } from '../../src/base/make-folders.js';
import { checkSocketOwner } from '../../src/endpoint/socket-path.js';
import { isAlive, listen, listensAlready } from './bound-socket.js';
import type { BoundSocket } from './bound-socket.js';

/** Daemons that may start at the same moment; each try loses to one of them. */
const MAX_TRIES = 8;
/** Milliseconds to wait for another daemon that looks at the same dead socket, and between two looks. */
const LOCK_DEADLINE = 15_000;
const LOCK_INTERVAL = 10;

/**
 * Lets `server` listen on a socket that is bound already. One that belongs to the service manager stays when the daemon
 * goes; one that a daemon before us has bound is removed as if it were our own.
 */
export async function adoptSocket(
  server: Server,
  path: string,
  { descriptor, isForeign }: { readonly descriptor: number; readonly isForeign: boolean },
): Promise<BoundSocket> {
  await listen(server, { fd: descriptor });
  const inode = lstatSync(path, { throwIfNoEntry: false })?.ino;
  return { path, remove: () => (isForeign || inode === undefined ? undefined : removeIfSame(path, inode)) };
}

/**
 * Lets `server` listen at `path`; `isForAll`: any user may connect. Rejects with `busy` when a daemon listens there,
 * `permission` or `policy`.
 */
export async function bindSocket(server: Server, path: string, isForAll = false): Promise<BoundSocket> {
  if (process.platform === 'win32') return (await import('./bind-pipe.js')).bindPipe(server, path);
  // No longer than a name that a socket has, whose path may be as long as one can be.
  const own = join(dirname(path), `.${process.pid}`);
  try {
    await listenInFolder(server, path, own, isForAll);
    chmodSync(own, isForAll ? 0o666 : 0o600);
    const { ino } = lstatSync(own);
    await putInPlace(own, path);
    return { path, remove: () => removeIfSame(path, ino) };
  } catch (thrown) {
    server.close();
    throw thrown instanceof IsodriveError ? thrown : bindError(path, thrown);
  } finally {
    removeQuietly(own);
  }
}

/** Listens at `own`, beside `path`, in a folder that is made where it is not there. */
async function listenInFolder(server: Server, path: string, own: string, isForAll: boolean): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const isMade = makeFoldersSync(dirname(path), 0o700);
    // The umask of a daemon would take it from those who are to come.
    if (isForAll && isMade) chmodSync(dirname(path), 0o755);
    checkSocketOwner(path);
    rmSync(own, { force: true });
    try {
      await listen(server, own);
      return;
    } catch (thrown) {
      // A daemon that ended has taken its empty folder away.
      if (attempt === MAX_TRIES || existsSync(dirname(path))) throw thrown;
    }
  }
}

/** The name of our own is gone once it has served; where it could not even be made, nothing is there to remove. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Whatever keeps it there has been reported by what came before.
  }
}

async function putInPlace(own: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    try {
      linkSync(own, path);
      return;
    } catch (thrown) {
      if (!isSystemError(thrown) || thrown.code !== 'EEXIST') throw thrown;
    }
    await removeDead(path);
  }
  throw listensAlready(path);
}

/**
 * Removes the socket at `path` if nobody listens there; rejects with `busy` otherwise. A dead socket stays dead, and
 * only the holder of the lock removes one, so what the probe has found dead is what is removed.
 */
async function removeDead(path: string): Promise<void> {
  const lock = `${path}.lock`;
  await takeLock(lock);
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (!found.isSocket()) throw notASocket(path);
    if (await isAlive(path)) throw listensAlready(path);
    rmSync(path, { force: true });
  } finally {
    removeQuietly(lock);
  }
}

async function takeLock(lock: string): Promise<void> {
  const end = Date.now() + LOCK_DEADLINE;
  while (Date.now() < end) {
    try {
      closeSync(openSync(lock, 'wx', 0o600));
      return;
    } catch (thrown) {
      if (!isSystemError(thrown) || thrown.code !== 'EEXIST') throw thrown;
    }
    await sleep(LOCK_INTERVAL);
  }
  throw new IsodriveError(
    'busy',
    `"${lock}" has been held for ${LOCK_DEADLINE / 1000} s, expected a moment`,
    { action: `Remove it if no daemon is starting: rm '${lock}'` },
  );
}

function removeIfSame(path: string, inode: number): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.ino === inode) rmSync(path, { force: true });
}

function notASocket(path: string): IsodriveError {
  return new IsodriveError('policy', `"${path}" is not a socket, expected a socket or nothing`, {
    action: 'Choose another path with --socket or ISODRIVE_SOCKET',
  });
}

function bindError(path: string, cause: unknown): IsodriveError {
  const isDenied = isSystemError(cause) && ['EACCES', 'EPERM', 'EROFS'].includes(cause.code);
  const message = cause instanceof Error ? cause.message : String(cause);
  return new IsodriveError(
    isDenied ? 'permission' : 'policy',
    `Cannot listen at "${path}": ${message}, expected a directory where sockets can be made`,
    { cause, action: 'Choose another path with --socket or ISODRIVE_SOCKET' },
  );
}
