// How a disc is written into one .bin: whole sectors of its tracks, one behind the other. What no file of the image
// holds, and the sheet asks for, the new sheet asks for too.
import type { Disc, Session, Track } from '../../../disc/disc.js';
import { SECTOR_SIZE } from '../../../disc/data-stream.js';
import type { PlanStream } from '../../../disc/plan-stream.js';
import { STREAM, findSegment } from '../../../disc/read-plan.js';
import { RAW_SECTOR_SIZE } from '../../../disc/sector-parity.js';
import type { Extent } from '../../contract/file-tree.js';

/** Numbers are sectors of the .bin. */
export interface BinTrack {
  readonly track: Track;
  readonly session: Session;
  /** Sectors that are not in the file: before what is in it, and behind. */
  readonly pregap: number;
  readonly postgap: number;
  /** Where its pause begins, as far as it is in the file; absent where nothing of it is. */
  readonly pause?: number;
  /** Index 1, and those behind it. */
  readonly indexes: readonly number[];
  /** Its whole sectors are made, or some of them. */
  readonly isMade: boolean;
}

export interface BinLayout {
  readonly tracks: readonly BinTrack[];
  readonly extents: readonly Extent[];
  readonly bytes: number;
}

/** `disc`: as its image holds it, without sectors that are made. */
export function layOutBin(disc: Disc): BinLayout {
  const tracks: BinTrack[] = [];
  const extents: { stream: number; offset: number; length: number }[] = [];
  let at = 0;
  let end: number | undefined;
  for (const session of disc.sessions) {
    for (const [i, track] of session.tracks.entries()) {
      const { start, length, pregap = 0, indexes = [] } = track;
      const first = Math.max(0, start - pregap);
      // Sectors between the tracks of a session that are no track's.
      const between = i === 0 || end === undefined ? 0 : Math.max(0, first - end);
      const lacking = countUnstored(disc, track, first, start);
      const postgap = countUnstoredEnd(disc, track);
      const from = first + lacking;
      const stop = start + length - postgap;
      const pause = from < start ? { pause: at } : {};
      const isStored = disc.raw?.holds(from * RAW_SECTOR_SIZE, (stop - from) * RAW_SECTOR_SIZE) === true;
      const isMade = track.mode !== 'audio' && !isStored;
      const index = (block: number): number => at + block - from;
      const places = [start, ...indexes.filter((block) => block < stop)].map(index);
      tracks.push({ track, session, pregap: between + lacking, postgap, ...pause, indexes: places, isMade });
      addExtent(extents, from, stop - from);
      at += stop - from;
      end = start + length;
    }
  }
  return { tracks, extents, bytes: at * RAW_SECTOR_SIZE };
}

/** Tracks that follow each other on the disc are one run of it. */
function addExtent(
  extents: { stream: number; offset: number; length: number }[],
  block: number,
  sectors: number,
): void {
  const [offset, length] = [block * RAW_SECTOR_SIZE, sectors * RAW_SECTOR_SIZE];
  const last = extents.at(-1);
  if (last !== undefined && last.offset + last.length === offset) last.length += length;
  else if (length > 0) extents.push({ stream: STREAM.raw, offset, length });
}

/** Sectors from `first` on, before `stop`, that no file holds: silence, or an empty pause of data. */
function countUnstored(disc: Disc, track: Track, first: number, stop: number): number {
  const { stream, unit } = storedIn(disc, track);
  let at = first;
  while (stream !== undefined && at < stop) {
    const segment = stream.segments[findSegment(stream.segments, at * unit)];
    if (segment?.kind !== 'zeros' || segment.start > at * unit) break;
    at = Math.min(stop, Math.floor((segment.start + segment.length) / unit));
  }
  return at - first;
}

/** Sectors at the end of a track that no file holds. */
function countUnstoredEnd(disc: Disc, track: Track): number {
  const { stream, unit } = storedIn(disc, track);
  const end = track.start + track.length;
  const segment = stream?.segments[findSegment(stream.segments, end * unit - 1)];
  if (segment?.kind !== 'zeros' || segment.start >= end * unit) return 0;
  // All of a track is a file's that holds nothing else.
  return Math.max(0, end - Math.max(track.start + 1, Math.ceil(segment.start / unit)));
}

function storedIn({ raw, data }: Disc, { mode }: Track): { stream: PlanStream | undefined; unit: number } {
  return mode === 'audio' ? { stream: raw, unit: RAW_SECTOR_SIZE } : { stream: data, unit: SECTOR_SIZE };
}
