// Which sectors are shown as a track's: from its index 1 on, as programs that read discs count.
import type { Disc, Session, Track } from '../../../disc/disc.js';

/** Sectors of a hidden track that are worth a file: a pause has 2 seconds (ECMA-130 20). */
const MAX_PAUSE = 150;

export interface TrackSpan {
  readonly track: Track;
  /** What its file is called by: 0 for what is hidden before the first track. */
  readonly number: number;
  /** Logical block address, and sectors. */
  readonly start: number;
  readonly sectors: number;
}

/** In the order of the disc. */
export function listTrackSpans({ sessions }: Pick<Disc, 'sessions'>): TrackSpan[] {
  return sessions.flatMap((session, i) => [...(i === 0 ? findHidden(session) : []), ...listSession(session)]);
}

/** A pause between two sound tracks of a session is the end of the first, as in what EAC and cdparanoia write. */
function listSession({ tracks }: Session): TrackSpan[] {
  return tracks.map((track, i) => {
    const { number, start, length, mode } = track;
    const next = tracks[i + 1];
    const isFollowed = mode === 'audio' && next?.mode === 'audio';
    return { track, number, start, sectors: isFollowed ? Math.max(length, next.start - start) : length };
  });
}

/** Sound in the pause before the first track, which is longer than a pause has to be. */
function findHidden({ tracks: [track] }: Session): TrackSpan[] {
  if (track?.mode !== 'audio') return [];
  const start = Math.max(0, track.start - (track.pregap ?? 0));
  const sectors = track.start - start;
  return sectors > MAX_PAUSE ? [{ track, number: 0, start, sectors }] : [];
}
