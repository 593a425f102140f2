// How a stream of a disc lies in the files of its image: pure data. JavaScript reads by it (plan-stream.ts), and so
// does native code, from the index region (src/index/plan-section.ts). docs/design/read-plan.md explains it.

import { firstWhere } from '../base/binary-search.js';

/** Streams of a disc, by number; `blob` is the index's own blob, not the image. */
export const STREAM = { data: 0, raw: 1, subchannel: 2, payload: 3, blob: 127 } as const;

interface Span {
  /** Byte offset in the stream. */
  readonly start: number;
  /** Bytes, more than 0. */
  readonly length: number;
}

/**
 * Byte `i` of the segment is byte `offset + floor(i / unit) * stride + i % unit` of a base. Bytes that follow each
 * other have a `unit` equal to the `stride`.
 */
export interface BytesSegment extends Span {
  readonly kind: 'bytes';
  /** Number of the base in its plan. */
  readonly base: number;
  /** Byte offset in the base of the segment's first byte. */
  readonly offset: number;
  /** Bytes of a unit, such as the 2048 of user data in a sector. */
  readonly unit: number;
  /** Bytes from the start of a unit to that of the next, such as 2352; at least `unit`. */
  readonly stride: number;
  /**
   * The bytes of each pair change places: sound that is stored high byte first. Start, unit and length are even
   * then.
   */
  readonly swap16?: boolean;
}

/** Reads as zeros. */
export interface ZerosSegment extends Span {
  readonly kind: 'zeros';
}

/** Reads as an error (EIO): the disc has these bytes, the image has not. */
export interface AbsentSegment extends Span {
  readonly kind: 'absent';
}

export type Segment = BytesSegment | ZerosSegment | AbsentSegment;

/** Sorted by start, without overlaps. What no segment covers is outside the image. */
export type Segments = readonly Segment[];

/** Unit of a run: it has one. */
export const RUN_UNIT = 2048;

/** Bytes that follow each other in a base, as those of a plain image do. */
export function runSegment(start: number, length: number, base: number, offset: number): BytesSegment {
  return { kind: 'bytes', start, length, base, offset, unit: RUN_UNIT, stride: RUN_UNIT };
}

export function isRun({ unit, stride }: BytesSegment): boolean {
  return unit === stride;
}

/** Byte behind the last of the stream. */
export function endOf(segments: Segments): number {
  const last = segments.at(-1);
  return last === undefined ? 0 : last.start + last.length;
}

/** Index of the segment that holds a byte, or of the first behind it. */
export function findSegment(segments: Segments, position: number): number {
  return firstWhere(segments.length, (i) => segments[i]!.start + segments[i]!.length > position);
}

/** Byte offset in its base of byte `within` of a segment. */
export function basePosition({ offset, unit, stride }: BytesSegment, within: number): number {
  return offset + Math.floor(within / unit) * stride + (within % unit);
}

/**
 * A part of a segment, as segments: three at most, since a unit that is cut is a run of its own. `from` and `to` are
 * bytes of the segment.
 */
export function sliceSegment(segment: Segment, from: number, to: number): Segment[] {
  if (to <= from) return [];
  const start = segment.start + from;
  if (segment.kind !== 'bytes') return [{ ...segment, start, length: to - from }];
  const { unit } = segment;
  if (isRun(segment)) return [{ ...segment, start, length: to - from, offset: segment.offset + from }];
  const firstWhole = Math.min(to, Math.ceil(from / unit) * unit);
  const lastWhole = Math.max(firstWhole, Math.floor(to / unit) * unit);
  const parts: Segment[] = [];
  const add = (first: number, end: number, change: Partial<BytesSegment>): void => {
    if (end <= first) return;
    const offset = basePosition(segment, first);
    parts.push({ ...segment, ...change, start: segment.start + first, length: end - first, offset });
  };
  const asRun = { unit: RUN_UNIT, stride: RUN_UNIT };
  add(from, firstWhole, asRun);
  add(firstWhole, lastWhole, {});
  add(lastWhole, to, asRun);
  return parts;
}

/** A range of bytes of a base. */
export interface BaseRange {
  readonly position: number;
  readonly size: number;
}

/** The segments, with what lies in some ranges of a base absent. `ranges` are sorted and do not overlap. */
export function withoutRanges(segments: Segments, base: number, ranges: readonly BaseRange[]): Segment[] {
  return segments.flatMap((segment) =>
    segment.kind === 'bytes' && segment.base === base ? cutSegment(segment, ranges) : [segment],
  );
}

function cutSegment(segment: BytesSegment, ranges: readonly BaseRange[]): Segment[] {
  const result: Segment[] = [];
  let done = 0;
  const end = basePosition(segment, segment.length - 1) + 1;
  const first = firstWhere(ranges.length, (i) => ranges[i]!.position + ranges[i]!.size > segment.offset);
  for (let i = first; i < ranges.length && ranges[i]!.position < end; i += 1) {
    const range = ranges[i]!;
    const from = Math.max(done, segmentByte(segment, range.position));
    const to = segmentByte(segment, range.position + range.size);
    if (to <= from) continue;
    result.push(...sliceSegment(segment, done, from));
    result.push({ kind: 'absent', start: segment.start + from, length: to - from });
    done = to;
  }
  result.push(...sliceSegment(segment, done, segment.length));
  return result;
}

/** First byte of a segment that lies at `position` of its base, or behind it; its length where there is none. */
export function segmentByte({ offset, unit, stride, length }: BytesSegment, position: number): number {
  const within = Math.max(0, position - offset);
  const whole = Math.floor(within / stride);
  return Math.min(length, whole * unit + Math.min(unit, within - whole * stride));
}
