// Starts isodrived in the background, under isodrive-keeper, and waits until it listens. The daemon says so, or why
// not, on descriptor 3, or on the one that the keeper hands over under the name "ready".
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { IsodriveError, isSystemError } from '../base/error.js';
import { nameSystemError } from '../base/system-error.js';
import { makeFoldersSync } from '../base/make-folders.js';
import { isDiskFull } from '../base/full-disk.js';
import { ControlClient } from './client.js';
import type { RpcError } from './messages.js';
import { packageRoot } from './package-info.js';
import { decodeError } from './rpc-error.js';
import { daemonLogPath, defaultJournalPath, spareLogPath } from '../endpoint/socket-path.js';

/** Milliseconds that a daemon may take until it listens. */
export const START_DEADLINE = 15_000;
/** Descriptor on which a started daemon reports that it is ready. */
export const READY_DESCRIPTOR = 3;
/** Bytes of the ready message that are read at most. */
const MAX_READY_BYTES = 64 * 1024;

/** What a daemon writes to READY_DESCRIPTOR, once, as one line of JSON. */
export type ReadyMessage = { readonly ready: true; readonly pid: number } | { readonly error: RpcError };

/** Options of node itself for the daemon: it makes little garbage, so small young generations save memory. */
export const DAEMON_NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=1'];

export function daemonProgram(): string {
  return join(packageRoot(), 'dist', 'bundle', 'isodrived.js');
}

/** The program that keeps mounts while the daemon is away; ISODRIVE_KEEPER names another, or none. */
export function keeperProgram(): string {
  return process.env.ISODRIVE_KEEPER ?? join(packageRoot(), 'build', 'release', 'isodrive-keeper');
}

/** Threads for reads of files by JavaScript: with Node's own four, as many reads of a bad medium stop all mounts. */
const FILE_THREADS = '16';

/** Seconds without drives and clients after which a daemon on Windows ends: there is nothing that it would wait for. */
const WINDOWS_IDLE_TIMEOUT = '900';

export interface StartOptions {
  readonly socketPath: string;
  readonly signal?: AbortSignal;
  /** Milliseconds; START_DEADLINE where absent. */
  readonly deadline?: number;
}

/** Connects to the daemon, starting one if none runs. Rejects as `ControlClient.connect` and `startDaemon` do. */
export async function connectOrStart(options: StartOptions): Promise<ControlClient> {
  try {
    return await ControlClient.connect(options.socketPath);
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code !== 'daemon-unreachable') throw thrown;
  }
  try {
    await startDaemon(options);
  } catch (thrown) {
    // Another command started one at the same moment, and won.
    if (!(thrown instanceof IsodriveError) || thrown.code !== 'busy') throw thrown;
  }
  return ControlClient.connect(options.socketPath);
}

/**
 * Connects to the daemon that knows the mounts. Rejects with `daemon-unreachable` where none runs; but where mounts
 * have outlived one by themselves, as drives of Windows do, another is started, which knows them again.
 */
export async function connectToMounts(options: StartOptions): Promise<ControlClient> {
  const isLeft = process.platform === 'win32' && existsSync(defaultJournalPath(options.socketPath));
  return isLeft ? connectOrStart(options) : ControlClient.connect(options.socketPath);
}

/**
 * Starts a daemon that outlives this process; gives its process id. Rejects with the daemon's own error (`busy` when
 * one listens there already), `daemon-unreachable` when it dies without a word, `timeout` or `cancelled`.
 */
export async function startDaemon(options: StartOptions): Promise<number> {
  const log = openLogFile(options.socketPath);
  const logPath = log.path;
  const child = spawnDaemon(options.socketPath, log);
  const deadline = options.deadline ?? START_DEADLINE;
  const timer = new AbortController();
  const timeout = setTimeout(() => timer.abort(), deadline);
  const signals = options.signal === undefined ? [timer.signal] : [timer.signal, options.signal];
  const pipe = child.stdio[READY_DESCRIPTOR] as Readable;
  try {
    const message = await readReady(pipe, AbortSignal.any(signals), child);
    if (message === undefined) throw diedSilently(child, logPath);
    if ('error' in message) throw decodeError(message.error);
    return message.pid;
  } catch (thrown) {
    if (!timer.signal.aborted && options.signal?.aborted !== true) throw thrown;
    child.kill('SIGTERM');
    if (options.signal?.aborted === true) {
      throw new IsodriveError('cancelled', 'Start of isodrived was interrupted', { cause: thrown });
    }
    throw new IsodriveError('timeout', `isodrived was not ready within ${deadline / 1000} s`, {
      action: `See "${logPath}"`,
      cause: thrown,
    });
  } finally {
    clearTimeout(timeout);
    pipe.destroy();
    child.unref();
  }
}

interface OpenedLog {
  readonly path: string;
  /** None where the disk is full: the daemon serves without. */
  readonly descriptor: number | undefined;
}

/** Opens the log, or one beside the socket where there is no home to write to. Throws `permission`. */
function openLogFile(socketPath: string): OpenedLog {
  const wanted = daemonLogPath();
  try {
    return openLogAt(wanted);
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
  }
  try {
    return openLogAt(spareLogPath(socketPath));
  } catch (thrown) {
    if (isDiskFull(thrown)) return { path: wanted, descriptor: undefined };
    if (!isSystemError(thrown)) throw thrown;
    const message = `Cannot write the log "${wanted}", nor "${spareLogPath(socketPath)}": ${nameSystemError(thrown)}`;
    throw new IsodriveError('permission', `${message}, expected a folder of yours`, {
      action: 'Set XDG_STATE_HOME to a folder that you may write to',
      cause: thrown,
    });
  }
}

function openLogAt(path: string): OpenedLog {
  makeFoldersSync(dirname(path), 0o700);
  return { path, descriptor: openSync(path, 'a', 0o600) };
}

/** Closes the log: what even a crashing node prints shall be in it, and the daemon itself opens the same file. */
function spawnDaemon(socketPath: string, { path: logPath, descriptor: log }: OpenedLog): ChildProcess {
  try {
    const daemon = [
      process.execPath,
      ...DAEMON_NODE_OPTIONS,
      daemonProgram(),
      ...['--socket', socketPath, '--log', logPath],
      ...(process.platform === 'win32' ? ['--idle-timeout', WINDOWS_IDLE_TIMEOUT] : []),
    ];
    const keeper = keeperProgram();
    // Without a compiler there is no keeper, and the mounts end with the daemon; on Windows they outlive it by
    // themselves.
    const isKept = process.platform !== 'win32' && existsSync(keeper);
    const [program, ...args] = isKept ? [keeper, ...daemon] : [...daemon, '--background'];
    const env = { UV_THREADPOOL_SIZE: FILE_THREADS, ...process.env };
    const stdio = ['ignore', 'ignore', log ?? 'ignore', 'pipe'] as const;
    return spawn(program, args, { detached: true, windowsHide: true, stdio: [...stdio], cwd: '/', env });
  } finally {
    if (log !== undefined) closeSync(log);
  }
}

/** The daemon's message, or undefined when it ends without one. */
async function readReady(
  pipe: Readable,
  signal: AbortSignal,
  child: ChildProcess,
): Promise<ReadyMessage | undefined> {
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('Aborted')), { once: true }),
  );
  const text = await Promise.race([readLine(pipe), failed, aborted]);
  return text === '' ? undefined : (JSON.parse(text) as ReadyMessage);
}

async function readLine(pipe: Readable): Promise<string> {
  let text = '';
  for await (const chunk of pipe) {
    text += String(chunk);
    if (text.includes('\n') || text.length > MAX_READY_BYTES) break;
  }
  return text.trim();
}

function diedSilently(child: ChildProcess, logPath: string): IsodriveError {
  const how = child.signalCode ?? (child.exitCode === null ? 'no word' : `exit code ${child.exitCode}`);
  return new IsodriveError(
    'daemon-unreachable',
    `isodrived ended with ${how} before it was ready, expected it to listen`,
    {
      action: `See "${logPath}"`,
    },
  );
}
