// A stream's read plan for native code: by descriptors, with what cannot be read cut out.
import type { ByteSource } from '../source/byte-source.js';
import type { Segments } from './read-plan.js';
import { isRun, withoutRanges } from './read-plan.js';

/** Segments that a plan may have: those of the index region (MAX_SEGMENTS there). */
const MAX_PLANNED = 1_048_576;

export interface NativePlan {
  /** Open descriptors, by the number that segments call their base. */
  readonly descriptors: readonly number[];
  /** Bytes of each. */
  readonly sizes: readonly number[];
  readonly segments: Segments;
}

/** What a plan is made of. */
interface Planned {
  readonly segments: Segments;
  readonly bases: readonly ByteSource[];
}

/** Undefined where JavaScript has to answer: a base that is no file, or more segments than a plan may have. */
export function planNatively({ segments, bases }: Planned): NativePlan | undefined {
  const natives = bases.flatMap(({ base }) => (base === undefined ? [] : [base]));
  if (natives.length < bases.length || bases.length === 0) return undefined;
  let planned = segments;
  for (const [i, { absent }] of natives.entries()) {
    if (absent.length > MAX_PLANNED) return undefined;
    if (absent.length > 0) planned = withoutRanges(planned, i, absent);
  }
  if (planned.length > MAX_PLANNED) return undefined;
  return {
    descriptors: natives.map(({ descriptor }) => descriptor),
    sizes: bases.map(({ size }) => size),
    segments: planned,
  };
}

/** A file in which each file of a disc lies as it is, so that a kernel can read them alone. */
export interface KernelFile {
  readonly descriptor: number;
  /** Bytes. */
  readonly size: number;
}

/** Undefined where the stream is put together from units, from several files, or lacks some of its bytes. */
export function kernelFile({ segments, bases }: Planned): KernelFile | undefined {
  const [source] = bases;
  if (bases.length !== 1 || source?.base === undefined || source.base.absent.length > 0) return undefined;
  const isPlain = segments.every(
    (segment) => segment.kind !== 'bytes' || (isRun(segment) && !segment.swap16),
  );
  return isPlain ? { descriptor: source.base.descriptor, size: source.size } : undefined;
}
