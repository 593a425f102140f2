// A disc cut into cells of equal size: however many files it has, a picture of it has so many pieces and no more.
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { AREA_KINDS } from './disc-areas.js';
import type { Area, AreaKind, DiscAreas } from './disc-areas.js';

export interface DiscCells {
  /** Bytes of a cell; the last one may reach beyond the disc. */
  readonly cellBytes: number;
  readonly cells: readonly DiscCell[];
  /** Bytes of each kind; what is boot code and a file counts as both. */
  readonly totals: Readonly<Record<AreaKind, number>>;
}

export interface DiscCell {
  readonly kind: AreaKind;
  /** Bytes of that kind. */
  readonly bytes: number;
  /** Areas of that kind that are in it, and the first of them; none of `free`. */
  readonly areas: number;
  readonly first: Area | undefined;
}

/** How areas of one kind cover the cells. */
interface Coverage {
  readonly bytes: Float64Array;
  readonly areas: Uint32Array;
  readonly first: (Area | undefined)[];
  readonly total: number;
}

/** Shown wherever there is any of it, in this order: a single bad sector must be seen. */
const ALWAYS_SHOWN = ['bad', 'unread', 'boot'] as const;

/** At most `wanted` cells, of whole sectors. */
export function divideDisc(disc: DiscAreas, wanted: number): DiscCells {
  const { size, areas } = disc;
  const cellBytes = Math.max(1, Math.ceil(size / wanted / SECTOR_SIZE)) * SECTOR_SIZE;
  const count = Math.ceil(size / cellBytes);
  const of = (list: Iterable<Area>): Coverage => cover(list, size, cellBytes, count);
  const claimed = of(mergeAreas(Object.values(areas)));
  const coverages = {
    ...{ bad: of(areas.bad), unread: of(areas.unread), boot: of(areas.boot) },
    ...{ structure: of(areas.structure), file: of(areas.file) },
  };
  const cells = Array.from({ length: count }, (_, i): DiscCell => {
    const whole = Math.min(cellBytes, size - i * cellBytes);
    const freeBytes = whole - claimed.bytes[i]!;
    const kind = chooseKind(coverages, i, freeBytes);
    if (kind === 'free') return { kind, bytes: freeBytes, areas: 0, first: undefined };
    const { bytes, areas: counts, first } = coverages[kind];
    return { kind, bytes: bytes[i]!, areas: counts[i]!, first: first[i] };
  });
  const totals = Object.fromEntries(
    AREA_KINDS.map((kind) => [kind, kind === 'free' ? size - claimed.total : coverages[kind].total]),
  ) as Record<AreaKind, number>;
  return { cellBytes, cells, totals };
}

function chooseKind(
  coverages: Readonly<Record<Exclude<AreaKind, 'free'>, Coverage>>,
  cell: number,
  freeBytes: number,
): AreaKind {
  const urgent = ALWAYS_SHOWN.find((kind) => coverages[kind].bytes[cell]! > 0);
  if (urgent !== undefined) return urgent;
  const [structure, file] = [coverages.structure.bytes[cell]!, coverages.file.bytes[cell]!];
  if (structure === 0 && file === 0) return 'free';
  if (freeBytes > structure + file) return 'free';
  return file >= structure ? 'file' : 'structure';
}

/** All areas of lists that are in order of `start`, in that order. */
function* mergeAreas(lists: readonly Iterable<Area>[]): Iterable<Area> {
  const nextOf = (iterator: Iterator<Area, undefined>): Area | undefined => iterator.next().value;
  const iterators = lists.map((list) => list[Symbol.iterator]() as Iterator<Area, undefined>);
  const heads = iterators.map(nextOf);
  const startOf = (area: Area | undefined): number => area?.start ?? Infinity;
  for (;;) {
    let first = 0;
    for (let i = 1; i < heads.length; i += 1) if (startOf(heads[i]) < startOf(heads[first])) first = i;
    const area = heads[first];
    if (area === undefined) return;
    yield area;
    heads[first] = nextOf(iterators[first]!);
  }
}

/** Each byte counts for the first area that has it, so the work grows with areas and cells, not with their product. */
function cover(areas: Iterable<Area>, size: number, cellBytes: number, count: number): Coverage {
  const bytes = new Float64Array(count);
  const counts = new Uint32Array(count);
  const first = new Array<Area | undefined>(count);
  let reach = 0;
  let total = 0;
  for (const area of areas) {
    let from = Math.max(area.start, reach);
    // The rest of its last sector is nobody else's.
    const end = Math.min(Math.ceil(area.end / SECTOR_SIZE) * SECTOR_SIZE, size);
    while (from < end) {
      const cell = Math.floor(from / cellBytes);
      const to = Math.min(end, (cell + 1) * cellBytes);
      bytes[cell]! += to - from;
      counts[cell]! += 1;
      first[cell] ??= area;
      total += to - from;
      from = to;
    }
    reach = Math.max(reach, end);
  }
  return { bytes, areas: counts, first, total };
}
