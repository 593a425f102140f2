// A plan whose bases are made of several files, as a plan over the files themselves: native code reads files.
import type { ByteSource } from '../source/byte-source.js';
import type { BytesSegment, Segment, Segments } from './read-plan.js';
import { basePosition, segmentByte, sliceSegment } from './read-plan.js';

interface Planned {
  readonly segments: Segments;
  readonly bases: readonly ByteSource[];
}

/** The same stream over the parts of its bases. */
export function joinParts({ segments, bases }: Planned): Planned {
  if (bases.every(({ parts }) => parts === undefined)) return { segments, bases };
  let count = 0;
  const firsts = bases.map(({ parts }) => (count += parts?.length ?? 1) - (parts?.length ?? 1));
  return {
    bases: bases.flatMap((base) => base.parts ?? [base]),
    segments: segments.flatMap((segment) =>
      segment.kind === 'bytes' ? cut(segment, firsts[segment.base]!, bases[segment.base]!.parts) : [segment],
    ),
  };
}

function cut(segment: BytesSegment, first: number, parts: readonly ByteSource[] = []): Segment[] {
  if (parts.length < 2) return [{ ...segment, base: first }];
  const result: Segment[] = [];
  const end = basePosition(segment, segment.length - 1) + 1;
  let start = 0;
  for (const [i, { size }] of parts.entries()) {
    const from = segmentByte(segment, start);
    const to = segmentByte(segment, Math.min(end, start + size));
    const partStart = start;
    for (const piece of sliceSegment(segment, from, to))
      if (piece.kind === 'bytes')
        result.push({ ...piece, base: first + i, offset: piece.offset - partStart });
    start += size;
  }
  return result;
}
