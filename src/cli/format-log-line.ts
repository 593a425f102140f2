// A line of the daemon's log as people read it: time, level, message, and the rest as it is.
import { escapeHostText } from '../base/display-name.js';

/** Names of pino's levels. */
const LEVELS = new Map<unknown, string>([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
]);

/** What is no JSON object (node's own last words) comes as it is. */
export function formatLogLine(line: string): string {
  const record = parseRecord(line);
  if (record === undefined) return escapeHostText(line);
  const { time, level, msg, pid, ...rest } = record;
  const extra = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
  const text = `${String(time)} ${(LEVELS.get(level) ?? '').padEnd(5)} [${String(pid)}] ${String(msg)}${extra}`;
  return escapeHostText(text);
}

function parseRecord(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
