// CD-TEXT of a disc, as its lead-in holds it: packs of 18 bytes (MMC-3 Annex J). Where an image has titles and no
// packs, they are made of them.
import { crcOf } from '../../base/crc16.js';
import type { Disc } from '../../disc/disc.js';

const PACK_LENGTH = 18;
const TEXT_OFFSET = 4;
const TEXT_LENGTH = 12;
const CRC_OFFSET = TEXT_OFFSET + TEXT_LENGTH;
/** Packs of a block: their numbers have eight bits. */
const MAX_PACKS = 256;
/** Kinds of packs: titles, performers, codes of disc and tracks, and the sizes of all. */
const TITLE = 0x80;
const PERFORMER = 0x81;
const SIZES = 0x8f;
const SIZE_PACKS = 3;
/** Characters of a text, less the zero behind it. */
const MAX_TEXT = 159;
/** Character position of a text that began more than 14 characters before its pack. */
const MAX_POSITION = 15;
/** Language code of English, of which nothing is known here; ISO 8859-1. */
const ENGLISH = 0x09;
const LATIN_1 = 0x00;

interface Pack {
  readonly kind: number;
  readonly track: number;
  /** Characters of the text before those of the pack. */
  readonly position: number;
  readonly text: Uint8Array;
}

/** All packs in a row; none where the image has no titles. */
export function encodeCdText(disc: Disc): Uint8Array {
  if (disc.cdText !== undefined) return withCodes(disc.cdText);
  const tracks = disc.sessions.flatMap((session) => session.tracks);
  const texts = [TITLE, PERFORMER].flatMap((kind) => {
    const name = kind === TITLE ? 'title' : 'performer';
    const all = [disc[name], ...tracks.map((track) => track[name])];
    return all.some((text) => text !== undefined && text !== '') ? [packTexts(kind, tracks, all)] : [];
  });
  const packs = fit(texts);
  if (packs.length === 0) return new Uint8Array();
  const sizes = packSizes(packs, tracks[0]!.number, tracks.at(-1)!.number);
  return Buffer.concat([...packs, ...sizes].map(encodePack));
}

/** Whole packs. Some writers leave their codes out. */
function withCodes(packs: Uint8Array): Uint8Array {
  const bytes = Buffer.from(packs.subarray(0, packs.length - (packs.length % PACK_LENGTH)));
  for (let at = 0; at < bytes.length; at += PACK_LENGTH)
    if (bytes.readUInt16BE(at + CRC_OFFSET) === 0) writeCode(bytes.subarray(at, at + PACK_LENGTH));
  return bytes;
}

/** Titles before performers: what does not fit is left out as a whole. */
function fit(texts: readonly (readonly Pack[])[]): Pack[] {
  const packs: Pack[] = [];
  for (const some of texts) if (packs.length + some.length + SIZE_PACKS <= MAX_PACKS) packs.push(...some);
  return packs;
}

/** Texts of the disc and of its tracks, each with a zero behind it, one after another over packs of one kind. */
function packTexts(
  kind: number,
  tracks: Disc['sessions'][number]['tracks'],
  texts: readonly (string | undefined)[],
): Pack[] {
  const numbers = [0, ...tracks.map(({ number }) => number)];
  const characters = texts.flatMap((text = '', i) => {
    const bytes = [...encodeText(text), 0];
    return bytes.map((byte, position) => ({ byte, track: numbers[i]!, position }));
  });
  const packs: Pack[] = [];
  for (let at = 0; at < characters.length; at += TEXT_LENGTH) {
    const { track, position } = characters[at]!;
    const text = Uint8Array.from(characters.slice(at, at + TEXT_LENGTH), ({ byte }) => byte);
    packs.push({ kind, track, position: Math.min(position, MAX_POSITION), text });
  }
  return packs;
}

/** ISO 8859-1, with a question mark for what it has not, no longer than it may be. */
function encodeText(text: string): Uint8Array {
  return Uint8Array.from(text.slice(0, MAX_TEXT), (character) => {
    const code = character.codePointAt(0)!;
    return code > 0 && code < 0x100 ? code : 0x3f;
  });
}

/** Character set, tracks, number of packs of each kind, the last number of each block, languages. */
function packSizes(packs: readonly Pack[], firstTrack: number, lastTrack: number): Pack[] {
  const bytes = Buffer.alloc(SIZE_PACKS * TEXT_LENGTH);
  bytes.set([LATIN_1, firstTrack, lastTrack]);
  for (const { kind } of packs) bytes[4 + kind - TITLE]! += 1;
  bytes[4 + SIZES - TITLE] = SIZE_PACKS;
  bytes[20] = packs.length + SIZE_PACKS - 1;
  bytes[28] = ENGLISH;
  return Array.from({ length: SIZE_PACKS }, (_, i) => ({
    ...{ kind: SIZES, track: i, position: 0 },
    text: bytes.subarray(i * TEXT_LENGTH, (i + 1) * TEXT_LENGTH),
  }));
}

function encodePack({ kind, track, position, text }: Pack, number: number): Uint8Array {
  const bytes = Buffer.alloc(PACK_LENGTH);
  bytes.set([kind, track, number, position]);
  bytes.set(text, TEXT_OFFSET);
  writeCode(bytes);
  return bytes;
}

function writeCode(pack: Buffer): void {
  pack.writeUInt16BE(crcOf(pack, 0, CRC_OFFSET) ^ 0xffff, CRC_OFFSET);
}
