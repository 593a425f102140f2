// READ TOC/PMA/ATIP (MMC-6): the table of contents. Discs that are not CDs get the one that MMC invents for them.
import { timeOfBlock } from '../../disc/sector-address.js';
import { writeAddress } from './address.js';
import { encodeCdText } from './cd-text.js';
import type { CommandInput, MediumCommand } from './command.js';
import { refuseField } from './command.js';
import { answer } from './data-in.js';
import type { Medium, MediumSession } from './medium.js';
import { CD_ROM } from './profile.js';
import { adrControlOf } from './sub-channel-q.js';

const FORMATTED_TOC = 0;
const SESSION_INFORMATION = 1;
const RAW_TOC = 2;
const PROGRAM_MEMORY_AREA = 3;
const CD_TEXT = 5;
const LEAD_OUT = 0xaa;
/** POINT values of the lead-in (ECMA-130): first track, last track, start of the lead-out. */
const POINT_FIRST = 0xa0;
const POINT_LAST = 0xa1;
const POINT_LEAD_OUT = 0xa2;
const DISC_TYPES = { 'cd-rom': 0x00, 'cd-i': 0x10, xa: 0x20 } as const;

export const readToc: MediumCommand = {
  opcode: 0x43,
  needsMedium: true,
  run(input, medium) {
    const { cdb } = input;
    const format = readFormat(input);
    const asTime = (cdb.u8(1) & 2) !== 0;
    const length = cdb.u16be(7);
    switch (format) {
      case FORMATTED_TOC:
        return answer(formattedToc(medium, cdb.u8(6), asTime), length);
      case SESSION_INFORMATION:
        return answer(sessionInformation(medium, asTime), length);
      case RAW_TOC:
        return answer(rawToc(medium, cdb.u8(6)), length);
      case PROGRAM_MEMORY_AREA:
        // A pressed disc has none: nothing but a header.
        if (medium.profile !== CD_ROM) refuseField();
        return answer(withHeader([], 0, 0), length);
      case CD_TEXT:
        if (medium.profile !== CD_ROM) refuseField();
        return answer(withHeader([encodeCdText(medium.disc)], 0, 0), length);
      default:
        // ATIP among them: only recordable discs have it.
        return refuseField();
    }
  },
};

/** Old initiators (SFF-8020i) put the format into the last byte. */
function readFormat({ cdb }: CommandInput): number {
  const format = cdb.u8(2) & 0x0f;
  return format === 0 ? cdb.u8(9) >> 6 : format;
}

function formattedToc(medium: Medium, from: number, asTime: boolean): Uint8Array {
  const first = medium.firstTrack.number;
  const last = medium.lastTrack.number;
  if (from > last && from !== LEAD_OUT) refuseField();
  const entries = medium.tracks
    .filter(({ number }) => number >= from)
    .map((track) => tocEntry(adrControlOf(track), track.number, track.start, asTime));
  const leadOut = tocEntry(adrControlOf(medium.lastTrack), LEAD_OUT, medium.blocks, asTime);
  return withHeader([...entries, leadOut], first, last);
}

function tocEntry(adrControl: number, number: number, start: number, asTime: boolean): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes[1] = adrControl;
  bytes[2] = number;
  writeAddress(bytes, 4, start, asTime);
  return bytes;
}

function sessionInformation(medium: Medium, asTime: boolean): Uint8Array {
  const { number, tracks } = medium.lastSession;
  const [track] = tracks;
  const entry = tocEntry(adrControlOf(track!), track!.number, track!.start, asTime);
  return withHeader([entry], medium.sessions[0]!.number, number);
}

function rawToc(medium: Medium, fromSession: number): Uint8Array {
  if (medium.profile !== CD_ROM) refuseField();
  const last = medium.lastSession.number;
  if (fromSession > last) refuseField();
  const wanted = medium.sessions.filter(({ number }) => number >= fromSession);
  return withHeader(wanted.flatMap(rawSession), medium.sessions[0]!.number, last);
}

function rawSession(session: MediumSession): Uint8Array[] {
  const { number, tracks, leadOut } = session;
  const [first, last] = [tracks[0]!, tracks.at(-1)!];
  const entry = (adrControl: number, point: number, time: readonly number[]): Uint8Array =>
    Uint8Array.of(number, adrControl, 0, point, 0, 0, 0, 0, ...time);
  return [
    entry(adrControlOf(first), POINT_FIRST, [first.number, discTypeOf(session), 0]),
    entry(adrControlOf(last), POINT_LAST, [last.number, 0, 0]),
    entry(adrControlOf(last), POINT_LEAD_OUT, timeBytes(leadOut)),
    ...tracks.map((track) => entry(adrControlOf(track), track.number, timeBytes(track.start))),
  ];
}

/** Disc type, in the seconds of POINT A0; by the tracks where the image does not say. */
export function discTypeOf({ kind, tracks }: MediumSession): number {
  return DISC_TYPES[kind ?? (tracks.some(({ mode }) => mode === 'xa') ? 'xa' : 'cd-rom')];
}

function timeBytes(block: number): readonly number[] {
  const { minute, second, frame } = timeOfBlock(block);
  return [minute, second, frame];
}

/** Data length (without itself), first and last track or session, entries. */
function withHeader(entries: readonly Uint8Array[], first: number, last: number): Uint8Array {
  const body = Buffer.concat(entries);
  const header = Buffer.of(0, 0, first, last);
  header.writeUInt16BE(body.length + 2, 0);
  return Buffer.concat([header, body]);
}
