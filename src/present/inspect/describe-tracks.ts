// The tracks of a disc, for `info`.
import type { Disc, Track, TrackMode } from '../../disc/disc.js';

/** The fields are a contract of `info --json`. Addresses are sectors of the disc. */
export interface TrackDescription extends Track {
  /** Number of its session, from 1. */
  readonly session: number;
}

const MODE_TITLES: Readonly<Record<TrackMode, string>> = {
  audio: 'audio',
  mode1: 'data, mode 1',
  mode2: 'data, mode 2',
  xa: 'data, mode 2 (CD-ROM XA)',
};

export interface DiscDescription {
  readonly storage?: string;
  readonly tracks: readonly TrackDescription[];
  readonly catalog?: string;
  /** Of the disc, by CD-TEXT or its sheet. */
  readonly title?: string;
  readonly performer?: string;
}

export function describeDisc({ storage, sessions, catalog, title, performer }: Disc): DiscDescription {
  return {
    ...(storage === undefined ? {} : { storage }),
    tracks: sessions.flatMap(({ number, tracks }) => tracks.map((track) => ({ ...track, session: number }))),
    ...(catalog === undefined ? {} : { catalog }),
    ...(title === undefined ? {} : { title }),
    ...(performer === undefined ? {} : { performer }),
  };
}

/** A line a track; none for a disc of one track of plain sectors, as which every image is thought of. */
export function formatTracks({ storage, tracks }: DiscDescription): string[] {
  if (tracks.length < 2 && storage === undefined) return [];
  const isMultisession = tracks.some(({ session }) => session > 1);
  return tracks.map((track) => formatTrack(track, isMultisession));
}

function formatTrack(track: TrackDescription, isMultisession: boolean): string {
  const { number, session, mode, start, length, pregap = 0, isrc, preEmphasis, title, performer } = track;
  const parts = [
    `${number}, ${MODE_TITLES[mode]}, ${length} sectors from ${start}`,
    ...(isMultisession ? [`session ${session}`] : []),
    ...(pregap > 0 ? [`pause of ${pregap} before it`] : []),
    ...(preEmphasis === true ? ['pre-emphasis'] : []),
    ...(isrc === undefined ? [] : [`ISRC ${isrc}`]),
    ...[title, performer].filter((text) => text !== undefined).map((text) => `"${text}"`),
  ];
  return parts.join(', ');
}
