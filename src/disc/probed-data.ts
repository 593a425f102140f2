// The data of a disc with sound, for whoever looks for file systems: they look at places where other discs have data.
// What belongs to no data track is nothing at all there, and no damage.
import { SECTOR_SIZE } from './data-stream.js';
import type { Disc } from './disc.js';
import { PlanStream } from './plan-stream.js';
import type { Segment } from './read-plan.js';
import { sliceSegment } from './read-plan.js';

/** The data itself where the disc has no sound. */
export function probedData({ data, sessions }: Pick<Disc, 'data' | 'sessions'>): PlanStream {
  const tracks = sessions.flatMap((session) => session.tracks);
  if (tracks.every(({ mode }) => mode !== 'audio')) return data;
  const ranges = tracks
    .filter(({ mode }) => mode !== 'audio')
    .map(({ start, length, pregap = 0 }) => [start - pregap, start + length].map((at) => at * SECTOR_SIZE));
  const end = Math.max(0, ...ranges.map(([, last]) => last!));
  const segments: Segment[] = [];
  for (const segment of data.segments) {
    const length = Math.min(segment.length, end - segment.start);
    if (segment.kind !== 'absent') {
      segments.push(...sliceSegment(segment, 0, length));
      continue;
    }
    let done = 0;
    for (const [first, last] of ranges) {
      const from = Math.max(done, first! - segment.start);
      const to = Math.min(length, last! - segment.start);
      if (to <= from) continue;
      segments.push(...sliceSegment({ ...segment, kind: 'zeros' }, done, from));
      segments.push(...sliceSegment(segment, from, to));
      done = to;
    }
    segments.push(...sliceSegment({ ...segment, kind: 'zeros' }, done, length));
  }
  return new PlanStream(data.name, segments, data.bases);
}
