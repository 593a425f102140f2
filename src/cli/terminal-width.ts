// How wide a text for a terminal may be.
import type { Writable } from 'node:stream';

const DEFAULT_COLUMNS = 80;
/** In less, words are broken and nothing can be read. */
const MIN_COLUMNS = 40;

/** Columns of the stream's terminal, or those that the environment tells, or 80. */
export function terminalWidth(
  stream: Writable,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): number {
  const { columns } = stream as { columns?: number };
  const told = /^\d{1,4}$/u.test(environment.COLUMNS ?? '') ? Number(environment.COLUMNS) : 0;
  // Some terminals say that they have none.
  const width = [columns ?? 0, told].find((count) => count > 0) ?? DEFAULT_COLUMNS;
  return Math.max(MIN_COLUMNS, width);
}
