// The daemon's log: pino, one JSON object a line, to stderr or to a file that is bounded by rotation at start.
import { closeSync, copyFileSync, openSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { makeFoldersSync } from '../src/base/make-folders.js';
import { isDiskFull } from '../src/base/full-disk.js';
import { LogWriter } from './log-writer.js';
import { readVariable } from '../src/base/environment.js';

/** Bytes above which a log is set aside, as FILE.1, when the daemon starts. */
export const MAX_LOG_BYTES = 1024 * 1024;
const STDERR = 2;
const DEBUG = 7;
/** Level of pino from which on a priority of syslog holds, most urgent first. */
const PRIORITIES = [
  [60, 2],
  [50, 3],
  [40, 4],
  [30, 6],
] as const;

export type DaemonLog = Logger;

export interface OpenedLog {
  readonly log: DaemonLog;
  /** Behind it: to flush before the process ends, and to ask what was lost. */
  readonly writer: Pick<LogWriter, 'flush' | 'lostLines'>;
}

/** Opens the log at `path`, or on stderr. A disk without room for it is no reason not to run. */
export function openLog(path: string | undefined): OpenedLog {
  if (path !== undefined) prepareFile(path);
  const base = { pid: process.pid };
  const writer = new LogWriter({
    target: path ?? STDERR,
    describeLoss: (lines) => {
      const time = new Date().toISOString();
      return `${JSON.stringify({ level: 40, time, ...base, lines, msg: 'log lines were dropped' })}\n`;
    },
  });
  const isJournal = path === undefined && readVariable('JOURNAL_STREAM') !== undefined;
  const log = pino(
    { base, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => writer.write(isJournal ? addPriority(line) : line) },
  );
  return { log, writer };
}

/** The line as the journal takes it: its priority (syslog(3)) between angle brackets before it (sd-daemon(3)). */
export function addPriority(line: string): string {
  const level = Number(/^\{"level":(\d+)/u.exec(line)?.[1] ?? 30);
  const [, priority] = PRIORITIES.find(([least]) => level >= least) ?? [0, DEBUG];
  return `<${priority}>${line}`;
}

function prepareFile(path: string): void {
  try {
    makeFoldersSync(dirname(path), 0o700);
    closeSync(openSync(path, 'a', 0o600));
    if (statSync(path).size <= MAX_LOG_BYTES) return;
    // Emptied, not renamed: our stderr is open on the same file, and shall stay in it.
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
  } catch (thrown) {
    if (!isDiskFull(thrown)) throw thrown;
  }
}
