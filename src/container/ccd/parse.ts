// Parses the description of a CloneCD image (.ccd): an INI file that holds the table of contents as a drive gave it.
import { IsodriveError } from '../../base/error.js';
import { crcOf } from '../../base/crc16.js';
import type { SessionKind } from '../../disc/disc.js';
import { MAX_TRACKS } from '../build-disc.js';
import type { SheetText } from '../sheet/sheet-text.js';
import { parseCatalog, parseIsrc } from '../track-codes.js';

const MAX_SESSIONS = 99;
/** Packs of CD-TEXT: 256 in each of 8 languages, of 16 bytes without their code. */
const MAX_PACKS = 2048;
const PACK_BYTES = 16;
/** Points of the table that are no tracks. */
const FIRST_TRACK = 0xa0;
const LEAD_OUT = 0xa2;
/** Mode of the Q subchannel that holds addresses. */
const ADDRESSES = 1;
const KINDS: Readonly<Record<number, SessionKind>> = { 0: 'cd-rom', 0x10: 'cd-i', 0x20: 'xa' };

export interface CcdTrack {
  readonly number: number;
  readonly session: number;
  /** Logical block address of index 1. */
  readonly start: number;
  /** Bits of the Q subchannel. */
  readonly control: number;
  /** As it is said, which is often wrong; undefined where nothing is. */
  readonly mode: number | undefined;
  /** Points in the track, which count from another place than `start`, by their numbers. */
  readonly indexes: ReadonlyMap<number, number>;
  readonly isrc: string | undefined;
}

export interface CcdSession {
  readonly number: number;
  readonly kind: SessionKind | undefined;
  /** Where its lead-out begins. */
  readonly leadOut: number;
  readonly tracks: readonly CcdTrack[];
}

export interface CcdSheet {
  readonly sessions: readonly CcdSession[];
  readonly catalog: string | undefined;
  readonly cdText: Uint8Array | undefined;
  /** Sectors of data tracks are stored as they stand on the disc. */
  readonly isScrambled: boolean;
}

type Section = ReadonlyMap<string, string>;

interface Entry {
  readonly session: number;
  readonly point: number;
  readonly control: number;
  readonly second: number;
  readonly block: number;
}

export function isCcd({ lines }: SheetText): boolean {
  return lines.some((line) => /^\[CloneCD\]$/i.test(line)) && lines.some((line) => /^\[Entry /i.test(line));
}

/** Throws `damaged` for a table that cannot be right. */
export function parseCcd(text: SheetText): CcdSheet {
  const sections = readSections(text.lines);
  const entries = readEntries(sections);
  const disc = sections.get('disc');
  const numbers = [...new Set(entries.map(({ session }) => session))].sort((a, b) => a - b);
  const sessions = numbers
    .map((number) => readSession(number, entries, sections, text.name))
    .filter(({ tracks }) => tracks.length > 0);
  if (sessions.length === 0) throw refuse(text.name, 'it has no entry of a track', 'one track at least');
  return {
    sessions,
    catalog: parseCatalog(disc?.get('catalog') ?? ''),
    cdText: readPacks(sections.get('cdtext')),
    isScrambled: readNumber(disc?.get('datatracksscrambled')) === 1,
  };
}

/** By their names in lower case; of those that are there twice, the first. */
function readSections(lines: readonly string[]): ReadonlyMap<string, Section> {
  const sections = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  for (const line of lines) {
    const [, name] = /^\[([^\]]*)\]$/.exec(line) ?? [];
    if (name !== undefined) {
      current = new Map();
      const key = name.toLowerCase().replace(/[ \t]+/g, ' ');
      if (!sections.has(key)) sections.set(key, current);
      continue;
    }
    const at = line.indexOf('=');
    if (at < 0) continue;
    const key = line
      .slice(0, at)
      .trim()
      .toLowerCase()
      .replace(/[ \t]+/g, ' ');
    if (!current.has(key)) current.set(key, line.slice(at + 1).trim());
  }
  return sections;
}

function readEntries(sections: ReadonlyMap<string, Section>): Entry[] {
  const entries: Entry[] = [];
  const known = new Set<string>();
  for (const [name, section] of sections) {
    if (!name.startsWith('entry ')) continue;
    const field = (key: string): number => readNumber(section.get(key)) ?? 0;
    const entry = {
      ...{ session: field('session'), point: field('point'), control: field('control') },
      ...{ second: field('psec'), block: field('plba') },
    };
    const key = `${entry.session}:${entry.point}`;
    const isAddress = (readNumber(section.get('adr')) ?? ADDRESSES) === ADDRESSES;
    if (!isAddress || known.has(key) || entry.session < 1 || entry.session > MAX_SESSIONS) continue;
    known.add(key);
    entries.push(entry);
  }
  return entries;
}

function readSession(
  number: number,
  entries: readonly Entry[],
  sections: ReadonlyMap<string, Section>,
  name: string,
): CcdSession {
  const own = entries.filter(({ session }) => session === number);
  const tracks = own
    .filter(({ point }) => point >= 1 && point <= MAX_TRACKS)
    .map((entry) => readTrack(entry, sections.get(`track ${entry.point}`)))
    .sort((a, b) => a.start - b.start);
  const leadOut = own.find(({ point }) => point === LEAD_OUT)?.block;
  if (leadOut === undefined && tracks.length > 0)
    throw refuse(name, `session ${number} has no lead-out`, 'an entry with Point=0xa2');
  for (const [i, track] of tracks.entries()) {
    const next = tracks[i + 1];
    if (track.start < 0 || (next !== undefined && next.number <= track.number))
      throw refuse(name, `track ${track.number} begins at block ${track.start}`, 'tracks in their order');
  }
  const first = own.find(({ point }) => point === FIRST_TRACK);
  return {
    number,
    tracks,
    kind: first === undefined ? undefined : KINDS[first.second],
    leadOut: leadOut ?? 0,
  };
}

function readTrack({ point, session, block, control }: Entry, section: Section | undefined): CcdTrack {
  const indexes = new Map<number, number>();
  for (const [key, value] of section ?? []) {
    const [, digits] = /^index (\d{1,2})$/.exec(key) ?? [];
    const at = readNumber(value);
    if (digits !== undefined && at !== undefined) indexes.set(Number(digits), at);
  }
  return {
    ...{ number: point, session, start: block, control: control & 0x0f, indexes },
    mode: readNumber(section?.get('mode')),
    isrc: parseIsrc(section?.get('isrc') ?? ''),
  };
}

function readPacks(section: Section | undefined): Uint8Array | undefined {
  const count = Math.min(readNumber(section?.get('entries')) ?? 0, MAX_PACKS);
  const packs: Buffer[] = [];
  for (let i = 0; i < count; i += 1) {
    const words = (section?.get(`entry ${i}`) ?? '').split(/[ \t]+/);
    const bytes = words.map((word) => (/^[0-9a-f]{1,2}$/i.test(word) ? Number.parseInt(word, 16) : -1));
    if (bytes.length !== PACK_BYTES || bytes.includes(-1)) return undefined;
    const code = Buffer.alloc(2);
    // The code is left out of the file, and inverted on the disc.
    code.writeUInt16BE(~crcOf(Uint8Array.from(bytes)) & 0xffff);
    packs.push(Buffer.from(bytes), code);
  }
  return packs.length === 0 ? undefined : Buffer.concat(packs);
}

/** Decimal, or hexadecimal with 0x; undefined for what is no number. */
function readNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^(-?\d{1,9}|0x[0-9a-f]{1,8})$/i.test(text)) return undefined;
  return Number(text);
}

function refuse(name: string, found: string, wanted: string): IsodriveError {
  return new IsodriveError('damaged', `Cannot read CloneCD file "${name}": ${found}, expected ${wanted}`, {
    at: { source: name },
    action: 'Fetch the file again',
  });
}
