// The cue sheet of a disc in one .bin (CDRWIN User's Guide; sessions as in REM lines of other programs).
import type { Disc, TrackMode } from '../../../disc/disc.js';
import { FRAMES_PER_MINUTE, FRAMES_PER_SECOND } from '../../../disc/sector-address.js';
import type { BinLayout, BinTrack } from './bin-layout.js';

const MODES: Readonly<Record<TrackMode, string>> = {
  audio: 'AUDIO',
  mode1: 'MODE1/2352',
  mode2: 'MODE2/2352',
  xa: 'MODE2/2352',
};

export function writeCue(disc: Disc, { tracks }: BinLayout, fileName: string): string {
  const lines: string[] = [];
  for (const one of tracks.filter(({ isMade }) => isMade)) {
    const what = `sync, headers and codes of track ${one.track.number} were made by isodrive`;
    lines.push(`REM ${what}: its image does not have them`);
  }
  if (/^\d{13}$/.test(disc.catalog ?? '')) lines.push(`CATALOG ${disc.catalog}`);
  lines.push(...describe('', disc), `FILE "${fileName}" BINARY`);
  const isMultisession = disc.sessions.length > 1;
  let session = 0;
  for (const one of tracks) {
    if (isMultisession && one.session.number !== session)
      lines.push(`REM SESSION ${twoDigits((session = one.session.number))}`);
    lines.push(...writeTrack(one));
  }
  return lines.map((line) => `${line}\r\n`).join('');
}

function writeTrack({ track, pregap, postgap, pause, indexes }: BinTrack): string[] {
  const flags = [
    ...(track.copyPermitted === true ? ['DCP'] : []),
    ...(track.fourChannels === true ? ['4CH'] : []),
    ...(track.preEmphasis === true ? ['PRE'] : []),
  ];
  return [
    `  TRACK ${twoDigits(track.number)} ${MODES[track.mode]}`,
    ...describe('    ', track),
    ...(flags.length === 0 ? [] : [`    FLAGS ${flags.join(' ')}`]),
    ...(/^[A-Z0-9]{12}$/.test(track.isrc ?? '') ? [`    ISRC ${track.isrc}`] : []),
    ...(pregap === 0 ? [] : [`    PREGAP ${formatTime(pregap)}`]),
    ...(pause === undefined ? [] : [`    INDEX 00 ${formatTime(pause)}`]),
    ...indexes.map((at, i) => `    INDEX ${twoDigits(i + 1)} ${formatTime(at)}`),
    ...(postgap === 0 ? [] : [`    POSTGAP ${formatTime(postgap)}`]),
  ];
}

/** A sheet cannot have a quote in quotes. */
function describe(indent: string, { title, performer }: { title?: string; performer?: string }): string[] {
  const line = (keyword: string, text: string): string =>
    `${indent}${keyword} "${text.replace(/"/g, "'").replace(/[\u0000-\u001f\u007f]/g, ' ')}"`;
  return [
    ...(title === undefined ? [] : [line('TITLE', title)]),
    ...(performer === undefined ? [] : [line('PERFORMER', performer)]),
  ];
}

function formatTime(sectors: number): string {
  const minutes = Math.floor(sectors / FRAMES_PER_MINUTE);
  const seconds = Math.floor((sectors % FRAMES_PER_MINUTE) / FRAMES_PER_SECOND);
  return [minutes, seconds, sectors % FRAMES_PER_SECOND].map(twoDigits).join(':');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
