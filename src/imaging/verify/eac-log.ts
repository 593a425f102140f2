// Logs of Exact Audio Copy: of each track the CRC-32 of its samples, without the header of a WAV file. Pure.
import { MAX_LOG_LINES } from './dat-game.js';
import type { DatRom } from './dat-game.js';

/** Tracks of a CD. */
const MAX_TRACKS = 99;
const TRACK = /^[ \t]*Track[ \t]+(\d{1,2})[ \t]*\r?$/;
const COPY_CRC = /^[ \t]*Copy CRC[ \t]+([0-9A-Fa-f]{8})[ \t]*\r?$/;
const PROGRAM = 'Exact Audio Copy';
/** The sum leaves zeros out, or tracks have no pauses, or those before them. */
const OTHER_SUMS =
  /Null samples used in CRC calculations[ \t]*:[ \t]*No|Gap handling[ \t]*:[^\n]{0,80}(?:next|left out)/i;
/** Characters of such a line. */
const MAX_LINE = 80;

/** Tracks in order, each with the pause behind it; none where it is no such log, or one of other sums. */
export function parseEacLog(text: string): DatRom[] {
  if (!text.includes(PROGRAM) || OTHER_SUMS.test(text)) return [];
  const crcs = new Map<number, string>();
  let track: number | undefined;
  for (const line of text.split('\n', MAX_LOG_LINES)) {
    if (line.length > MAX_LINE) continue;
    const [, number] = TRACK.exec(line) ?? [];
    if (number !== undefined) track = Number(number);
    const [, crc] = COPY_CRC.exec(line) ?? [];
    if (crc !== undefined && track !== undefined && track >= 1 && track <= MAX_TRACKS)
      crcs.set(track, crc.toLowerCase());
  }
  return Array.from(crcs)
    .sort(([a], [b]) => a - b)
    .map(([number, crc]) => ({
      name: `Track ${number}`,
      size: undefined,
      digests: new Map([['crc32', crc]] as const),
    }));
}
