// isodrive daemon logs: the end of the log file, as text for people or as the JSON lines that are in it.
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { daemonLogPath, spareLogPath } from '../../endpoint/socket-path.js';
import type { RunCommand } from '../command-spec.js';
import { findSocket } from '../find-socket.js';
import { formatLogLine } from '../format-log-line.js';

const DEFAULT_LINES = 50;
/** Bytes of the log that are read at once, and searched for lines at most. */
const WINDOW = 1024 * 1024;
/** Milliseconds between two looks at a log that is followed. */
const FOLLOW_INTERVAL = 250;

export const runDaemonLogs: RunCommand = async (args, { output, signal }) => {
  const count = args.number('lines') ?? DEFAULT_LINES;
  const { path: socketPath, isSystem } = findSocket(args);
  if (isSystem) throw refuseServiceLog();
  await using log = await openLogFile(await newestOf(daemonLogPath(), spareLogPath(socketPath)));
  let { size } = await log.stat();
  const tail = await readFrom(log, Math.max(0, size - WINDOW));
  const print = async (lines: readonly string[]): Promise<void> => {
    for (const line of lines) await output.line(output.json ? line : formatLogLine(line));
    await output.flush();
  };
  const [lines] = splitLines(tail);
  await print(count === 0 ? [] : lines.slice(-count));
  if (!args.flag('follow')) return undefined;
  let partial = '';
  while (!signal.aborted) {
    await sleep(FOLLOW_INTERVAL, undefined, { signal }).catch(() => undefined);
    const now = (await log.stat()).size;
    // A shorter log was set aside by a daemon that has just started.
    if (now < size) size = 0;
    const [more, rest] = splitLines(partial + (await readFrom(log, size)));
    size = now;
    partial = rest;
    await print(more);
  }
  return undefined;
};

function refuseServiceLog(): IsodriveError {
  return new IsodriveError(
    'usage',
    'Cannot show the log of the system service, expected a daemon of your own',
    {
      action: 'Run journalctl -u isodrived, as an administrator',
    },
  );
}

/** The one that was written to last; the first where there is neither. */
async function newestOf(first: string, second: string): Promise<string> {
  const [a, b] = await Promise.all([first, second].map((path) => stat(path).catch(() => undefined)));
  return b !== undefined && b.mtimeMs > (a?.mtimeMs ?? 0) ? second : first;
}

async function openLogFile(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (cause) {
    const isMissing = isSystemError(cause) && cause.code === 'ENOENT';
    throw new IsodriveError(
      isMissing ? 'daemon-unreachable' : 'permission',
      `Cannot read the log "${path}": ${isMissing ? 'no such file' : String(cause)}, expected one of a daemon`,
      { cause, action: 'Start the daemon with isodrive daemon start' },
    );
  }
}

async function readFrom(log: FileHandle, position: number): Promise<string> {
  const buffer = Buffer.alloc(WINDOW);
  const { bytesRead } = await log.read(buffer, 0, buffer.length, position);
  return buffer.toString('utf8', 0, bytesRead);
}

/** Whole lines, and what has no end yet. */
function splitLines(text: string): [string[], string] {
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  return [lines.filter((line) => line !== ''), rest];
}
