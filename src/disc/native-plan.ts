// A stream's read plan for native code: by descriptors, with what cannot be read cut out.
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
  readonly segments: Segments;
}

/** A base of which native code asks for what it has not in memory. */
export interface PlannedUnits extends Pick<SourceUnits, 'unitBytes' | 'filler'> {
  readonly source: ByteSource;
}

/** What a plan is made of. */
interface Planned {
  readonly segments: Segments;
  readonly bases: readonly ByteSource[];
}

/**
 * A file that a plan reads, by itself or for its units, and the number of the base that it is; undefined: it is
 * none.
 */
interface PlannedFile {
  readonly file: NativeBase;
  readonly size: number;
  readonly base: number | undefined;
}

/** Undefined where JavaScript has to answer: a base without a file, or more segments than a plan may have. */
export function planNatively({ segments, bases }: Planned): NativePlan | undefined {
  const files: PlannedFile[] = [];
  const units: PlannedUnits[] = [];
  const numbers: number[] = [];
  for (const [base, source] of bases.entries()) {
    const file = source.base ?? source.units?.of.base;
    if (file === undefined) return undefined;
    if (source.base !== undefined) numbers[base] = files.length;
    else if (source.units !== undefined) units.push({ ...source.units, source });
    const { size } = source.base === undefined ? source.units!.of : source;
    files.push({ file, size, base: source.base === undefined ? undefined : base });
  }
  if (files.length === 0) return undefined;
  let unitNumber = files.length;
  for (const [base, source] of bases.entries()) {
    if (source.base !== undefined) continue;
    numbers[base] = unitNumber;
    unitNumber += 1;
  }
  let planned = segments;
  for (const { file, base } of files) {
    if (file.absent.length > MAX_PLANNED) return undefined;
    if (base !== undefined && file.absent.length > 0) planned = withoutRanges(planned, base, file.absent);
  }
  if (planned.length > MAX_PLANNED) return undefined;
  return {
    descriptors: files.map(({ file }) => file.descriptor),
    sizes: files.map(({ size }) => size),
    units,
    segments: units.length === 0 ? planned : planned.map((segment) => renumber(segment, numbers)),
  };
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
 * The files that a stream is made of, as a native plan numbers them; none where some of it is put together from units
 * or sectors, or lacks some of its bytes.
 */
export function kernelFiles(planned: Planned): readonly KernelFile[] {
  const { segments, bases } = joinParts(planned);
  const isPlain = segments.every(
    (segment) => segment.kind !== 'bytes' || (isRun(segment) && !segment.swap16),
  );
  const files = bases.flatMap(({ base, size }) =>
    base === undefined || base.absent.length > 0 ? [] : [{ descriptor: base.descriptor, size }],
  );
  return isPlain && files.length === bases.length ? files : [];
}
