// The track list of a GD-ROM: a line a track, with its address, kind, bytes of a sector and file.
import { HIGH_DENSITY_START } from '../../../container/sheet/place-tracks.js';
import type { Disc, Track } from '../../../disc/disc.js';
import { RAW_SECTOR_SIZE } from '../../../disc/sector-parity.js';

const DATA_TRACK = 4;

export interface GdTrack {
  readonly track: Track;
  readonly fileName: string;
}

/** Its tracks and what their files are called; none of another disc. */
export function listGdTracks({ sessions }: Pick<Disc, 'sessions'>, name: string): GdTrack[] {
  const tracks = sessions.flatMap((session) => session.tracks);
  const isGd = tracks.some(({ start, mode }) => start === HIGH_DENSITY_START && mode !== 'audio');
  if (!isGd || tracks.length < 3) return [];
  return tracks.map((track) => {
    const suffix = track.mode === 'audio' ? 'raw' : 'bin';
    return { track, fileName: `${name}${String(track.number).padStart(2, '0')}.${suffix}` };
  });
}

export function writeGdi(tracks: readonly GdTrack[]): string {
  const lines = tracks.map(({ track: { number, start, mode }, fileName }) =>
    [number, start, mode === 'audio' ? 0 : DATA_TRACK, RAW_SECTOR_SIZE, `"${fileName}"`, 0].join(' '),
  );
  return [String(tracks.length), ...lines, ''].join('\n');
}
