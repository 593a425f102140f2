// The coarse map of a disc for a terminal: a character for a cell, and what the characters mean.
import { formatBytes } from '../../base/format-bytes.js';
import { AREA_KINDS } from './disc-areas.js';
import type { AreaKind, DiscAreas } from './disc-areas.js';
import { divideDisc } from './disc-cells.js';

const COLUMNS = 64;
const ROWS = 16;

const MARKS: Readonly<Record<AreaKind, readonly [mark: string, words: string]>> = {
  bad: ['X', 'bad: cannot be read'],
  unread: ['?', 'unverified: not read yet'],
  boot: ['B', 'boot code'],
  structure: ['d', 'descriptors and directories'],
  file: ['#', 'files'],
  free: ['.', 'in no file'],
};

/** Lines, without the end of the last; titles of sessions and partitions as they are on the disc. */
export function renderMapText(disc: DiscAreas): string {
  const { cells, cellBytes, totals } = divideDisc(disc, COLUMNS * ROWS);
  const marks = cells.map(({ kind }) => MARKS[kind][0]).join('');
  const lines: string[] = [];
  for (let at = 0; at < marks.length; at += COLUMNS) lines.push(marks.slice(at, at + COLUMNS));
  lines.push('', `Each character is ${formatBytes(cellBytes)}`);
  for (const kind of AREA_KINDS) {
    const [mark, words] = MARKS[kind];
    if (totals[kind] > 0) lines.push(`${mark}  ${words}, ${formatBytes(totals[kind])}`);
  }
  for (const { title, start, end } of [...disc.sessions, ...disc.partitions])
    lines.push(`   ${title}: ${formatBytes(Math.max(0, end - start))} at byte ${start}`);
  return lines.join('\n');
}
