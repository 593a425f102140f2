// The read plan of a disc's streams for native code: by descriptors, with what cannot be read cut out.
import type { ByteSource, NativeBase, SourceUnits } from '../source/byte-source.js';
import { joinParts } from './join-parts.js';
import type { Segment, Segments } from './read-plan.js';
import { isRun, withoutRanges } from './read-plan.js';

/** Segments that a plan may have: those of the index region (MAX_SEGMENTS there). */
const MAX_PLANNED = 1_048_576;

export interface NativePlan {
  /** Open descriptors, by the number that segments call their base. */
  readonly descriptors: readonly number[];
  /** Bytes of each. */
  readonly sizes: readonly number[];
  /** Bases in units, whose numbers follow those of the files. */
  readonly units: readonly PlannedUnits[];
  /** By number of the stream. */
  readonly streams: ReadonlyMap<number, Segments>;
}

/** A base of which native code asks for what it has not in memory. */
export interface PlannedUnits extends Pick<SourceUnits, 'unitBytes' | 'filler'> {
  readonly source: ByteSource;
}

/** What the plan of a stream is made of. */
interface Planned {
  readonly segments: Segments;
  readonly bases: readonly ByteSource[];
}

/**
 * `streams`: by number. Undefined where JavaScript has to answer: a base without a file, or more segments than a plan
 * may have.
 */
export function planNatively(streams: ReadonlyMap<number, Planned>): NativePlan | undefined {
  const joined = [...streams].map(([number, stream]) => [number, joinParts(stream)] as const);
  const bases = new Set(joined.flatMap(([, stream]) => stream.bases));
  const files = new Map<ByteSource, NativeBase>();
  for (const base of bases) {
    const file = base.base === undefined ? base.units?.of : base;
    if (file?.base !== undefined) files.set(file, file.base);
    else if (base.units === undefined || base.units.of !== undefined) return undefined;
  }
  if (files.size === 0) return undefined;
  const units = [...bases].flatMap((source) =>
    source.base === undefined && source.units !== undefined ? [{ ...source.units, source }] : [],
  );
  const order = [...files.keys(), ...units.map(({ source }) => source)];
  const numbers = new Map(order.map((source, number) => [source, number]));
  const planned = new Map<number, Segments>();
  let count = 0;
  for (const [number, stream] of joined) {
    const segments = planStream(stream, numbers);
    if (segments === undefined || (count += segments.length) > MAX_PLANNED) return undefined;
    planned.set(number, segments);
  }
  return {
    descriptors: [...files.values()].map(({ descriptor }) => descriptor),
    sizes: [...files.keys()].map(({ size }) => size),
    units,
    streams: planned,
  };
}

/** Undefined where what is absent of a base makes too many segments. */
function planStream(
  { segments, bases }: Planned,
  numbers: ReadonlyMap<ByteSource, number>,
): Segments | undefined {
  let planned = segments;
  for (const [number, { base }] of bases.entries()) {
    if (base === undefined || base.absent.length === 0) continue;
    if (base.absent.length > MAX_PLANNED) return undefined;
    planned = withoutRanges(planned, number, base.absent);
  }
  const isSame = bases.every((base, number) => numbers.get(base) === number);
  const ofPlan = bases.map((base) => numbers.get(base)!);
  return isSame ? planned : planned.map((segment) => renumber(segment, ofPlan));
}

function renumber(segment: Segment, numbers: readonly number[]): Segment {
  return segment.kind === 'bytes' ? { ...segment, base: numbers[segment.base]! } : segment;
}

/** A file in which files of a disc lie as they are, so that a kernel can read them alone. */
export interface KernelFile {
  readonly descriptor: number;
  /** Bytes. */
  readonly size: number;
}

/**
 * The files of a stream that a kernel reads alone, as filesOf numbers them; none where some of it is put together from
 * units or sectors, or lacks some of its bytes.
 */
export function kernelFiles(planned: Planned): readonly KernelFile[] {
  const { segments, bases } = filesOf(planned);
  const isPlain = segments.every(
    (segment) => segment.kind !== 'bytes' || (isRun(segment) && segment.swap16 !== true),
  );
  const files = bases.flatMap(({ base, size }) =>
    base === undefined || base.absent.length > 0 ? [] : [{ descriptor: base.descriptor, size }],
  );
  return isPlain && files.length === bases.length ? files : [];
}

/** The same stream over the files alone that it is read from: a disc has files of sound beside those of its data. */
export function filesOf(planned: Planned): Planned {
  const { segments, bases } = joinParts(planned);
  const isRead = bases.map(() => false);
  for (const segment of segments) if (segment.kind === 'bytes') isRead[segment.base] = true;
  if (isRead.every(Boolean)) return { segments, bases };
  let count = 0;
  const numbers = isRead.map((one) => (one ? count++ : -1));
  return {
    segments: segments.map((segment) => renumber(segment, numbers)),
    bases: bases.filter((_, base) => isRead[base]),
  };
}
