// The sheet of CloneCD: the table of contents as a drive gives it, entry by entry, and the modes of the tracks.
import { leadOutOf } from '../../../disc/disc.js';
import type { Disc, SessionKind, Track, TrackMode } from '../../../disc/disc.js';
import { timeOfBlock } from '../../../disc/sector-address.js';
import type { DiscTime } from '../../../disc/sector-address.js';

const MODES: Readonly<Record<TrackMode, number>> = { audio: 0, mode1: 1, mode2: 2, xa: 2 };
/** What the entry of point A0 says of a session. */
const KINDS: Readonly<Record<SessionKind, number>> = { 'cd-rom': 0x00, 'cd-i': 0x10, xa: 0x20 };
/** Bits of a track's control field. */
const CONTROL = { preEmphasis: 1, copyPermitted: 2, data: 4, fourChannels: 8 } as const;

/** For discs of one session. */
export function writeCcd(disc: Disc): string {
  const [session] = disc.sessions;
  const tracks = session?.tracks ?? [];
  const [first, last] = [tracks[0], tracks.at(-1)];
  if (session === undefined || first === undefined || last === undefined) return '';
  const kind = session.kind ?? (tracks.some(({ mode }) => mode === 'xa') ? 'xa' : 'cd-rom');
  const point = (value: number): DiscTime => ({ minute: value, second: 0, frame: 0 });
  const entries = [
    describeEntry(0xa0, controlOf(first), { ...point(first.number), second: KINDS[kind] }),
    describeEntry(0xa1, controlOf(last), point(last.number)),
    describeEntry(0xa2, controlOf(last), timeOfBlock(session.leadOut ?? leadOutOf(disc))),
    ...tracks.map((track) => describeEntry(track.number, controlOf(track), timeOfBlock(track.start))),
  ];
  const lines = [
    ...['[CloneCD]', 'Version=3', '[Disc]', `TocEntries=${entries.length}`, 'Sessions=1'],
    ...['DataTracksScrambled=0', 'CDTextLength=0'],
    ...(/^\d{13}$/.test(disc.catalog ?? '') ? [`CATALOG=${disc.catalog}`] : []),
    ...['[Session 1]', `PreGapMode=${MODES[first.mode]}`, 'PreGapSubC=0'],
    ...entries.flatMap((entry, i) => [`[Entry ${i}]`, ...entry]),
    ...tracks.flatMap(describeTrack),
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

function describeEntry(point: number, control: number, { minute, second, frame }: DiscTime): string[] {
  const hex = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`;
  return [
    ...['Session=1', `Point=${hex(point)}`, 'ADR=0x01', `Control=${hex(control)}`, 'TrackNo=0'],
    ...['AMin=0', 'ASec=0', 'AFrame=0', 'ALBA=-150', 'Zero=0'],
    ...[`PMin=${minute}`, `PSec=${second}`, `PFrame=${frame}`],
    `PLBA=${(minute * 60 + second) * 75 + frame - 150}`,
  ];
}

function describeTrack({ number, mode, start, pregap = 0, indexes = [], isrc }: Track): string[] {
  return [
    ...[`[TRACK ${number}]`, `MODE=${MODES[mode]}`],
    ...(isrc !== undefined && /^[A-Z0-9]{12}$/.test(isrc) ? [`ISRC=${isrc}`] : []),
    ...(pregap > 0 && start > 0 ? [`INDEX 0=${start - pregap}`] : []),
    `INDEX 1=${start}`,
    ...indexes.map((block, i) => `INDEX ${i + 2}=${block}`),
  ];
}

function controlOf({ mode, preEmphasis, copyPermitted, fourChannels }: Track): number {
  if (mode === 'audio') {
    const emphasis = preEmphasis === true ? CONTROL.preEmphasis : 0;
    const channels = fourChannels === true ? CONTROL.fourChannels : 0;
    return emphasis | channels | (copyPermitted === true ? CONTROL.copyPermitted : 0);
  }
  return CONTROL.data | (copyPermitted === true ? CONTROL.copyPermitted : 0);
}
