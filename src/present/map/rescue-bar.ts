// How much of a medium has been read, and where it is bad, in one line of a terminal.
import type { RescueMap, RunStatus } from '../../source/rescue-map/rescue-map.js';

/** The worst that a cell holds decides; of what is merely not read yet, some is less than all. */
const MARKS: readonly (readonly [status: RunStatus, mark: string])[] = [
  ['-', 'x'],
  ['/', '/'],
  ['*', '/'],
];

export function renderRescueBar(map: RescueMap, width: number): string {
  const cells = Array.from({ length: width }, () => new Set<RunStatus>());
  for (const { position, size, status } of map.runs) {
    const first = Math.floor((position / map.size) * width);
    const end = Math.min(width, Math.ceil(((position + size) / map.size) * width));
    for (let cell = first; cell < end; cell += 1) cells[cell]!.add(status);
  }
  return cells.map(markOf).join('');
}

function markOf(statuses: ReadonlySet<RunStatus>): string {
  const worst = MARKS.find(([status]) => statuses.has(status));
  if (worst !== undefined) return worst[1];
  if (!statuses.has('?')) return '#';
  return statuses.has('+') ? '+' : '.';
}
