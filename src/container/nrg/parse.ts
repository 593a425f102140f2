// The list of chunks at the end of an image of Nero: an identifier, a length and that many bytes, big-endian, up to
// END!. Version 1 counts in 32 bits and minutes, version 2 in 64 bits and blocks. No standard describes it; the layout
// is what programs write.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import { MAX_TRACKS } from '../build-disc.js';

/** Chunks of one list; a disc of 99 sessions has 500. */
const MAX_CHUNKS = 4096;
const CHUNK_HEAD = 8;
/** Of a cue sheet, all sessions: each track with 99 indexes, and what leads in and out. */
const MAX_CUES = (MAX_TRACKS + 2) * 100;
const CUE_BYTES = 8;
const DAO_HEAD = 22;
const CD_TEXT_PACK = 18;
/** Lengths in a pack's table have 8 bits, and there are 8 blocks. */
const MAX_CD_TEXT = 8 * 256 * CD_TEXT_PACK;

/** A place of the cue sheet. */
export interface NrgCue {
  /** Bits of the control field. */
  readonly control: number;
  /** Two decimal digits, a nibble each; 0xaa: the lead-out. */
  readonly track: number;
  readonly index: number;
  /** Version 2: logical block address. Version 1: a byte that means nothing, minutes, seconds, frames. */
  readonly place: number;
}

export interface NrgTrack {
  readonly mode: number;
  /** Bytes of a sector; undefined where only the mode says it. */
  readonly sectorBytes: number | undefined;
  readonly isrc: string;
  /** Bytes of the file: index 0, index 1 and the end. */
  readonly pause: number;
  readonly start: number;
  readonly end: number;
}

/** `dao`: a disc at once, which has a cue sheet; `tao`: tracks at once, each behind a pause that is not stored. */
export interface NrgGroup {
  readonly kind: 'dao' | 'tao';
  readonly tracks: readonly NrgTrack[];
  /** Block at which each track of `tao` is said to begin. */
  readonly blocks: readonly number[];
  /** Of `dao`. */
  readonly catalog: string;
  /** Type of disc in the table of contents (point A0). */
  readonly discType: number | undefined;
}

export interface NrgFacts {
  readonly isOld: boolean;
  /** One a session. */
  readonly cueSheets: readonly (readonly NrgCue[])[];
  readonly groups: readonly NrgGroup[];
  /** Tracks of each session. */
  readonly sessionSizes: readonly number[];
  readonly cdText: Uint8Array | undefined;
  /** Bits that say which media the image is for. */
  readonly medium: number | undefined;
}

/**
 * `bytes`: from the first chunk on. Throws `damaged` where a chunk does not fit, or where there are more tracks or
 * chunks than a disc has.
 */
export function parseNrg(bytes: Uint8Array, name: string, offset: number, isOld: boolean): NrgFacts {
  const parser = new ChunkParser(new ByteCursor(bytes, name, offset));
  parser.parseAll();
  return { ...parser.facts, isOld };
}

class ChunkParser {
  readonly #cursor: ByteCursor;
  readonly #cueSheets: NrgCue[][] = [];
  readonly #groups: NrgGroup[] = [];
  readonly #sessionSizes: number[] = [];
  #cdText: Uint8Array | undefined;
  #medium: number | undefined;
  #tracks = 0;
  #cues = 0;

  constructor(cursor: ByteCursor) {
    this.#cursor = cursor;
  }

  get facts(): Omit<NrgFacts, 'isOld'> {
    return {
      cueSheets: this.#cueSheets,
      groups: this.#groups,
      sessionSizes: this.#sessionSizes,
      cdText: this.#cdText,
      medium: this.#medium,
    };
  }

  parseAll(): void {
    const cursor = this.#cursor;
    let at = 0;
    for (let chunks = 0; ; chunks += 1) {
      if (chunks >= MAX_CHUNKS) throw this.#damaged(at, `more than ${MAX_CHUNKS} chunks`, 'a shorter list');
      const id = cursor.text(at, 4);
      const length = cursor.u32be(at + 4);
      if (id === 'END!') return;
      at += CHUNK_HEAD;
      this.#parseChunk(id, at, cursor.slice(at, length).length);
      at += length;
    }
  }

  #parseChunk(id: string, at: number, length: number): void {
    switch (id) {
      case 'CUES':
      case 'CUEX':
        this.#parseCues(at, length);
        return;
      case 'DAOI':
        this.#parseDao(at, length, 4);
        return;
      case 'DAOX':
        this.#parseDao(at, length, 8);
        return;
      case 'ETNF':
        this.#parseTao(at, length, 4);
        return;
      case 'ETN2':
        this.#parseTao(at, length, 8);
        return;
      case 'SINF':
        this.#sessionSizes.push(this.#cursor.u32be(at));
        return;
      case 'MTYP':
        this.#medium = this.#cursor.u32be(at);
        return;
      case 'CDTX':
        this.#parseCdText(at, length);
    }
  }

  #parseCues(at: number, length: number): void {
    const count = Math.floor(length / CUE_BYTES);
    if ((this.#cues += count) > MAX_CUES)
      throw this.#damaged(at, `a cue sheet of ${count} places`, `${MAX_CUES} at most`);
    const cursor = this.#cursor;
    this.#cueSheets.push(
      Array.from({ length: count }, (_, i) => {
        const place = at + i * CUE_BYTES;
        return {
          control: cursor.u8(place) >> 4,
          track: cursor.u8(place + 1),
          index: cursor.u8(place + 2),
          place: cursor.u32be(place + 4),
        };
      }),
    );
  }

  /** `wide`: bytes of an offset in the file. */
  #parseDao(at: number, length: number, wide: 4 | 8): void {
    const cursor = this.#cursor;
    const entry = 18 + 3 * wide;
    const count = Math.max(0, Math.floor((length - DAO_HEAD) / entry));
    this.#countTracks(at, count);
    const offsetAt = (place: number): number => (wide === 4 ? cursor.u32be(place) : cursor.u64be(place));
    this.#groups.push({
      kind: 'dao',
      blocks: [],
      catalog: cursor.text(at + 4, 13),
      discType: cursor.u8(at + 18),
      tracks: Array.from({ length: count }, (_, i) => {
        const place = at + DAO_HEAD + i * entry;
        return {
          isrc: cursor.text(place, 12),
          sectorBytes: cursor.u16be(place + 12),
          mode: cursor.u8(place + 14),
          pause: offsetAt(place + 18),
          start: offsetAt(place + 18 + wide),
          end: offsetAt(place + 18 + 2 * wide),
        };
      }),
    });
  }

  #parseTao(at: number, length: number, wide: 4 | 8): void {
    const cursor = this.#cursor;
    const entry = wide === 4 ? 20 : 32;
    const count = Math.floor(length / entry);
    this.#countTracks(at, count);
    const places = Array.from({ length: count }, (_, i) => at + i * entry);
    this.#groups.push({
      kind: 'tao',
      catalog: '',
      discType: undefined,
      blocks: places.map((place) => cursor.u32be(place + 2 * wide + 4)),
      tracks: places.map((place) => {
        const start = wide === 4 ? cursor.u32be(place) : cursor.u64be(place);
        const bytes = wide === 4 ? cursor.u32be(place + 4) : cursor.u64be(place + 8);
        const mode = cursor.u8(place + 2 * wide + 3);
        return { isrc: '', sectorBytes: undefined, mode, pause: start, start, end: start + bytes };
      }),
    });
  }

  #parseCdText(at: number, length: number): void {
    const bytes = Math.min(MAX_CD_TEXT, length - (length % CD_TEXT_PACK));
    if (bytes > 0) this.#cdText = this.#cursor.slice(at, bytes).slice();
  }

  #countTracks(at: number, count: number): void {
    if ((this.#tracks += count) > MAX_TRACKS)
      throw this.#damaged(at, `${this.#tracks} tracks`, `${MAX_TRACKS} at most`);
  }

  #damaged(at: number, found: string, wanted: string): IsodriveError {
    const { sourceName } = this.#cursor;
    const offset = this.#cursor.offsetInSource(at);
    return new IsodriveError('damaged', `Cannot open "${sourceName}": found ${found}, expected ${wanted}`, {
      at: { source: sourceName, offset },
    });
  }
}
