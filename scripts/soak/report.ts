// What a soak says at its end: tables in Markdown, and whether all held.
import type { LevelVerdict } from './levels.js';
import type { EventCount } from './run-events.js';
import type { ReaderTotals } from './soak-reader.js';

const SHOWN = 20;
const MIB = 1_048_576;

export interface SoakResult {
  readonly counts: ReadonlyMap<string, EventCount>;
  /** Event -> what the machine lacks. */
  readonly missing: ReadonlyMap<string, string>;
  readonly failures: readonly string[];
  readonly readers: ReadonlyMap<string, ReaderTotals>;
  readonly levels: readonly LevelVerdict[];
  readonly left: readonly string[];
  readonly seconds: number;
}

export function isGood(result: SoakResult): boolean {
  const { failures, readers, levels, left } = result;
  return (
    failures.length === 0 &&
    left.length === 0 &&
    [...readers.values()].every(
      ({ failedReads, wrongBytes }) => failedReads.length + wrongBytes.length === 0,
    ) &&
    levels.every(({ isLevel }) => isLevel)
  );
}

export function formatResult(result: SoakResult): string {
  const { counts, missing, failures, levels, left } = result;
  const readers = [...result.readers.values()];
  const events = [...counts].map(([name, { runs, failed }]) => [name, `${runs}`, `${failed}`]);
  for (const [name, what] of missing) events.push([name, `not available: ${what}`, '']);
  const reads = [...result.readers].map(([name, reader]) => [
    name,
    ...[reader.operations, Math.round(reader.bytes / MIB), reader.expected].map(String),
    ...[reader.failedReads.length, reader.wrongBytes.length].map(String),
  ]);
  const sum = (pick: (reader: ReaderTotals) => number): number =>
    readers.reduce((total, reader) => total + pick(reader), 0);
  const failed = sum(({ failedReads }) => failedReads.length);
  const wrong = sum(({ wrongBytes }) => wrongBytes.length);
  const growing = levels.filter(({ isLevel }) => !isLevel).map(({ name }) => name);
  return [
    formatTable(['event', 'times', 'did not hold'], events),
    formatTable(['reader', 'operations', 'MiB', 'declared errors', 'failed reads', 'wrong bytes'], reads),
    formatTable(
      ['level', 'first', 'median of the 2nd half', 'last', 'growth in the 2nd half', 'bound', 'level'],
      levels.map(({ name, first, middle, last, growth, bound, isLevel }) => [
        name,
        ...[first, middle, last, growth ?? 'too few samples', bound].map(String),
        isLevel ? 'yes' : 'NO',
      ]),
    ),
    formatList('Did not hold', failures),
    formatList(
      'Failed reads',
      readers.flatMap(({ failedReads }) => failedReads),
    ),
    formatList(
      'Wrong bytes',
      readers.flatMap(({ wrongBytes }) => wrongBytes),
    ),
    formatList('Left behind', left),
    `${Math.round(result.seconds)} s, ${sum(({ operations }) => operations)} operations, ` +
      `${Math.round(sum(({ bytes }) => bytes) / MIB)} MiB compared: ${failed} failed reads, ${wrong} wrong bytes, ` +
      `${failures.length} expectations not held, ${left.length} things left behind, ` +
      `growing: ${growing.length === 0 ? 'nothing' : growing.join(', ')}\n`,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}

function formatList(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const more = lines.length > SHOWN ? `\n- and ${lines.length - SHOWN} more` : '';
  return `${title}:\n${lines
    .slice(0, SHOWN)
    .map((line) => `- ${line}`)
    .join('\n')}${more}\n`;
}
