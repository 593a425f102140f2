// The daemon's log: pino, one JSON object a line, to stderr or to a file that is bounded by rotation at start.
import { closeSync, copyFileSync, mkdirSync, openSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { pino } from 'pino';
import type { Logger } from 'pino';

/** Bytes above which a log is set aside, as FILE.1, when the daemon starts. */
export const MAX_LOG_BYTES = 1024 * 1024;
const STDERR = 2;

export type DaemonLog = Logger;

/** Opens the log at `path`, or on stderr. Writes are synchronous: the last words before a crash are kept. */
export function openLog(path: string | undefined): DaemonLog {
  if (path !== undefined) prepareFile(path);
  const destination = pino.destination({ dest: path ?? STDERR, sync: true, append: true });
  return pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  if (statSync(path).size <= MAX_LOG_BYTES) return;
  // Emptied, not renamed: our stderr is open on the same file, and shall stay in it.
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
}
