// READ TOC/PMA/ATIP (MMC-6): the table of contents. Discs that are not CDs get the one that MMC invents for them.
import { timeOfBlock, writeAddress } from './address.js';
import type { CommandInput, MediumCommand } from './command.js';
import { refuseField } from './command.js';
import { answer } from './data-in.js';
import type { Medium, MediumTrack } from './medium.js';
import { CD_ROM } from './profile.js';
import { DATA_ADR_CONTROL } from './sub-channel-q.js';

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
      case CD_TEXT:
        // A pressed disc has no program memory area, and a plain image no CD-TEXT: nothing but a header.
        if (medium.profile !== CD_ROM) refuseField();
        return answer(withHeader([], 0, 0), length);
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
    .map(({ number, start }) => tocEntry(number, start, asTime));
  return withHeader([...entries, tocEntry(LEAD_OUT, medium.blocks, asTime)], first, last);
}

function tocEntry(number: number, start: number, asTime: boolean): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes[1] = DATA_ADR_CONTROL;
  bytes[2] = number;
  writeAddress(bytes, 4, start, asTime);
  return bytes;
}

function sessionInformation(medium: Medium, asTime: boolean): Uint8Array {
  const session = medium.lastTrack.session;
  const track = medium.tracks.find((one) => one.session === session)!;
  return withHeader([tocEntry(track.number, track.start, asTime)], medium.firstTrack.session, session);
}

function rawToc(medium: Medium, fromSession: number): Uint8Array {
  if (medium.profile !== CD_ROM) refuseField();
  const first = medium.firstTrack.session;
  const last = medium.lastTrack.session;
  if (fromSession > last) refuseField();
  const entries: Uint8Array[] = [];
  for (let session = Math.max(first, fromSession); session <= last; session += 1) {
    const tracks = medium.tracks.filter((track) => track.session === session);
    if (tracks.length > 0) entries.push(...rawSession(session, tracks));
  }
  return withHeader(entries, first, last);
}

function rawSession(session: number, tracks: readonly MediumTrack[]): Uint8Array[] {
  const entry = (point: number, time: readonly number[]): Uint8Array =>
    Uint8Array.of(session, DATA_ADR_CONTROL, 0, point, 0, 0, 0, 0, ...time);
  const end = tracks.at(-1)!;
  return [
    entry(POINT_FIRST, [tracks[0]!.number, 0, 0]),
    entry(POINT_LAST, [end.number, 0, 0]),
    entry(POINT_LEAD_OUT, timeBytes(end.start + end.length)),
    ...tracks.map(({ number, start }) => entry(number, timeBytes(start))),
  ];
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
