// Writes the cue sheet of a disc whose tracks lie one behind the other in one .bin file. Pure.
import { FRAMES_PER_MINUTE, FRAMES_PER_SECOND } from '../../disc/sector-address.js';
import type { DiscLayout, LaidTrack } from './disc-layout.js';
import type { Titles } from './titles.js';

/** Bits of CONTROL, and what a sheet calls them. */
const FLAGS = [
  [0x2, 'DCP'],
  [0x8, '4CH'],
  [0x1, 'PRE'],
] as const;
const DATA_FLAGS = 0x2;

export interface CueParts {
  readonly layout: DiscLayout;
  /** Name of the .bin file. */
  readonly binary: string;
  /** Name of the file with packs of CD-TEXT. */
  readonly textFile?: string;
  readonly titles: Titles;
  /** Mode of the first sector of a data track, by the track's number. */
  readonly modes: ReadonlyMap<number, 1 | 2>;
  /** What is told of how it was made. */
  readonly remark: string;
}

export function writeCue({ layout, binary, textFile, titles, modes, remark }: CueParts): string {
  const lines = [`REM ${remark}`];
  if (layout.catalog !== undefined) lines.push(`CATALOG ${layout.catalog}`);
  if (textFile !== undefined) lines.push(`CDTEXTFILE "${textFile}"`);
  lines.push(...titleLines(titles, 0, ''), `FILE "${binary}" BINARY`);
  let frames = 0;
  let session = layout.tracks[0]!.session;
  for (const track of layout.tracks) {
    if (track.session !== session) lines.push(`REM SESSION ${twoDigits(track.session)}`);
    session = track.session;
    lines.push(...trackLines(track, frames, titles, modes.get(track.number)));
    frames += track.end - track.start + track.pregap;
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** `frames`: of the file, before the track. */
function trackLines(track: LaidTrack, frames: number, titles: Titles, mode: 1 | 2 = 1): string[] {
  const { number, isData, control, isrc, pregap, start, indexes } = track;
  const lines = [`  TRACK ${twoDigits(number)} ${isData ? `MODE${mode}/2352` : 'AUDIO'}`];
  lines.push(...titleLines(titles, number, '    '));
  const known = isData ? control & DATA_FLAGS : control;
  const flags = FLAGS.filter(([bit]) => (known & bit) !== 0).map(([, name]) => name);
  if (flags.length > 0) lines.push(`    FLAGS ${flags.join(' ')}`);
  if (isrc !== undefined) lines.push(`    ISRC ${isrc}`);
  const addIndex = (index: number, block: number): void => {
    lines.push(`    INDEX ${twoDigits(index)} ${timeText(frames + pregap + block - start)}`);
  };
  if (pregap > 0) addIndex(0, start - pregap);
  addIndex(1, start);
  for (const [i, block] of indexes.entries()) addIndex(i + 2, block);
  return lines;
}

/** A sheet knows no way to say a quotation mark or the end of a line. */
function titleLines(titles: Titles, track: number, indent: string): string[] {
  const { title, performer } = titles.get(track) ?? {};
  const quote = (text: string): string => `"${text.replaceAll('"', "'").replaceAll(/[\0-\x1f]/g, ' ')}"`;
  return [
    ...(title === undefined ? [] : [`${indent}TITLE ${quote(title)}`]),
    ...(performer === undefined ? [] : [`${indent}PERFORMER ${quote(performer)}`]),
  ];
}

function timeText(frames: number): string {
  const minute = Math.floor(frames / FRAMES_PER_MINUTE);
  const second = Math.floor(frames / FRAMES_PER_SECOND) % 60;
  return [minute, second, frames % FRAMES_PER_SECOND].map(twoDigits).join(':');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
