// The descriptor of BlindWrite 5 and 6 (.b5t, .b6t): two blocks of lengths, what those are of, blocks of data, and
// sessions; little-endian. No standard describes it; the layout is what programs write.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import { MAX_TRACKS } from '../build-disc.js';
import type { NameBytes } from '../data-files.js';

export const B6T_SIGNATURE = 'BWT5 STREAM SIGN';
/** Lengths of the first block and of the second, and where what they are of begins. */
const FIRST = {
  pma: 96,
  atip: 98,
  cdText: 100,
  cdInfo: 102,
  burst: 104,
  structures: 120,
  dvdInfo: 124,
} as const;
const SECOND = { modePage: 240, unknown: 244 } as const;
const CONTENT = 260;
const DATA_BLOCK_BYTES = 52;
const SESSION_BYTES = 16;
const TRACK_BYTES = 64;
/** Behind a track of a CD. */
const CD_TAIL_BYTES = 8;
/** A DVD of two layers in files of 2 GB has five. */
const MAX_DATA_BLOCKS = 1000;
const MAX_NAME_BYTES = 1024;
const CD_TEXT_PACK = 18;
/** Of READ TOC, format 5: a length and two bytes that mean nothing. */
const CD_TEXT_HEAD = 4;
const NO_TRACK = 0;
const DVD_TRACK = 6;
/** Profiles (MMC-6 5.3.1). */
const CD_PROFILES = [0x08, 0x09, 0x0a, 0x20, 0x21, 0x22];
const DVD_PROFILES = [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x1a, 0x1b, 0x2a, 0x2b];

/** Sectors that follow each other in a file. */
export interface B6tDataBlock {
  readonly bytes: number;
  readonly offset: number;
  /** Logical block address of the first. */
  readonly start: number;
  readonly sectors: number;
  readonly name: NameBytes;
}

export interface B6tTrack {
  /** 1 sound, 2 mode 1, 3 mode 2, 4 and 5 its forms, 6 a DVD. */
  readonly type: number;
  readonly control: number;
  readonly number: number;
  readonly pregap: number;
  /** Of the pause. */
  readonly start: number;
  /** The pause included. */
  readonly sectors: number;
}

export interface B6tSession {
  readonly end: number;
  readonly tracks: readonly B6tTrack[];
}

export interface B6tFacts {
  readonly medium: 'cd' | 'dvd' | undefined;
  readonly catalog: string;
  readonly cdText: Uint8Array | undefined;
  readonly dataBlocks: readonly B6tDataBlock[];
  readonly sessions: readonly B6tSession[];
}

/** Throws `damaged` where a block does not fit, or where there is more than a disc has. */
export function parseB6t(bytes: Uint8Array, name: string): B6tFacts {
  return new B6tParser(new ByteCursor(bytes, name, 0)).parse();
}

class B6tParser {
  readonly #cursor: ByteCursor;
  #at = CONTENT;
  #tracks = 0;

  constructor(cursor: ByteCursor) {
    this.#cursor = cursor;
  }

  parse(): B6tFacts {
    const cursor = this.#cursor;
    const profile = cursor.u16le(48);
    const medium = CD_PROFILES.includes(profile) ? 'cd' : DVD_PROFILES.includes(profile) ? 'dvd' : undefined;
    this.#skip(cursor.u32le(SECOND.modePage), cursor.u32le(SECOND.unknown));
    this.#skip(cursor.u16le(FIRST.pma), cursor.u16le(FIRST.atip));
    const cdText = this.#parseCdText(cursor.u16le(FIRST.cdText));
    this.#skip(cursor.u32le(FIRST.burst), cursor.u32le(FIRST.structures));
    this.#skip(medium === 'cd' ? cursor.u16le(FIRST.cdInfo) : cursor.u32le(FIRST.dvdInfo));
    const dataBlocks = this.#parseDataBlocks();
    const sessions = this.#parseSessions(cursor.u16le(50));
    const catalog = cursor.u8(64) === 0 ? '' : cursor.text(65, 13);
    return { medium, catalog, cdText, dataBlocks, sessions };
  }

  #parseCdText(length: number): Uint8Array | undefined {
    const bytes = this.#cursor.slice(this.#at, length);
    this.#at += length;
    const packs = Math.floor(Math.max(0, length - CD_TEXT_HEAD) / CD_TEXT_PACK);
    return packs === 0 ? undefined : bytes.slice(CD_TEXT_HEAD, CD_TEXT_HEAD + packs * CD_TEXT_PACK);
  }

  #parseDataBlocks(): B6tDataBlock[] {
    const cursor = this.#cursor;
    const count = cursor.u32le(this.#at);
    this.#bound('blocks of data', count, MAX_DATA_BLOCKS);
    // The path of the drive that it was read in.
    this.#skip(8, cursor.u32le(this.#at + 4));
    return Array.from({ length: count }, () => {
      const at = this.#at;
      const nameBytes = cursor.u32le(at + 48);
      this.#bound('bytes of a name', nameBytes, MAX_NAME_BYTES);
      const name = { bytes: cursor.slice(at + DATA_BLOCK_BYTES, nameBytes), isWide: true };
      this.#skip(DATA_BLOCK_BYTES, nameBytes + 4);
      return {
        bytes: cursor.u32le(at + 4),
        offset: cursor.u32le(at + 24),
        start: cursor.u32le(at + 40) | 0,
        sectors: cursor.u32le(at + 44),
        name,
      };
    });
  }

  #parseSessions(count: number): B6tSession[] {
    this.#bound('sessions', count, MAX_TRACKS);
    return Array.from({ length: count }, () => {
      const [entries, end] = [this.#cursor.u8(this.#at + 2), this.#cursor.u32le(this.#at + 8) | 0];
      this.#at += SESSION_BYTES;
      const tracks: B6tTrack[] = [];
      for (let i = 0; i < entries; i += 1) {
        const track = this.#parseTrack();
        if (track === undefined) continue;
        this.#bound('tracks', (this.#tracks += 1), MAX_TRACKS);
        tracks.push(track);
      }
      return { end, tracks };
    });
  }

  /** Undefined for an entry of the table of contents that is no track. */
  #parseTrack(): B6tTrack | undefined {
    const [cursor, at] = [this.#cursor, this.#at];
    const type = cursor.u8(at);
    this.#skip(TRACK_BYTES, type === NO_TRACK || type === DVD_TRACK ? 0 : CD_TAIL_BYTES);
    if (type === NO_TRACK) return undefined;
    return {
      type,
      control: cursor.u8(at + 10) & 0x0f,
      number: cursor.u8(at + 12),
      pregap: cursor.u32le(at + 22),
      start: cursor.u32le(at + 42) | 0,
      sectors: cursor.u32le(at + 46),
    };
  }

  #skip(...lengths: readonly number[]): void {
    for (const length of lengths) this.#at += length;
  }

  #bound(what: string, count: number, most: number): void {
    if (count <= most) return;
    const { sourceName } = this.#cursor;
    const message = `Cannot open "${sourceName}": found ${count} ${what}, expected ${most} at most`;
    throw new IsodriveError('damaged', message, { at: { source: sourceName, offset: this.#at } });
  }
}
