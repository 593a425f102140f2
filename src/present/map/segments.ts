// Cells that show the same thing, joined, with what a person is told about it.
import { formatBytes } from '../../base/format-bytes.js';
import type { Area, AreaKind, DiscAreas } from './disc-areas.js';
import type { DiscCells } from './disc-cells.js';

export interface Segment {
  readonly kind: AreaKind;
  /** Cells, from the first to the one behind the last. */
  readonly from: number;
  readonly to: number;
  /** Neighbours of one kind differ in it, so that both can be told apart. */
  readonly isOdd: boolean;
  readonly title: string;
}

/** Characters of a path that are told. */
const MAX_PATH = 160;

export function joinCells(disc: DiscAreas, { cells, cellBytes }: DiscCells): Segment[] {
  const result: Segment[] = [];
  for (let from = 0; from < cells.length;) {
    const cell = cells[from]!;
    let to = from + 1;
    let bytes = cell.bytes;
    // A single area may go on in the next cells; cells of several areas stay alone, but for those that are free.
    while (to < cells.length && cells[to]!.kind === cell.kind && isSame(cells[to]!.first, cell.first)) {
      if (cells[to]!.areas > 1 || cell.areas > 1) break;
      bytes += cells[to]!.bytes;
      to += 1;
    }
    const last = result.at(-1);
    const place = `at byte ${from * cellBytes}`;
    const title = `${describe(disc, cell)}\n${formatBytes(bytes)} here, ${place}`;
    const isOdd = last?.kind === cell.kind && !last.isOdd;
    result.push({ kind: cell.kind, from, to, isOdd, title });
    from = to;
  }
  return result;
}

function isSame(a: Area | undefined, b: Area | undefined): boolean {
  return a?.row === b?.row && a?.name === b?.name;
}

function describe(disc: DiscAreas, { kind, areas, first }: DiscCells['cells'][number]): string {
  if (first === undefined) return 'In no file';
  const name = first.row === undefined ? (first.name ?? kind) : shorten(disc.image.index.path(first.row));
  return areas > 1 ? `${areas} ${PLURALS[kind]}, the first is ${name}` : `${PREFIXES[kind]}${name}`;
}

const PLURALS: Readonly<Record<AreaKind, string>> = {
  bad: 'places that cannot be read',
  unread: 'places that are not read yet',
  boot: 'pieces of boot code',
  structure: 'structures',
  file: 'files',
  free: 'free places',
};
const PREFIXES: Readonly<Record<AreaKind, string>> = {
  bad: 'Bad: ',
  unread: 'Unverified: ',
  boot: 'Boot: ',
  structure: 'Structure: ',
  file: '',
  free: '',
};

function shorten(path: string): string {
  return path.length <= MAX_PATH ? path : `...${path.slice(-MAX_PATH)}`;
}
