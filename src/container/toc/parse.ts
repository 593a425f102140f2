// Parses a TOC file of cdrdao (cdrdao(1), "TOC FILES"): text in, facts or an error out.
import { IsodriveError } from '../../base/error.js';
import type { SessionKind, TrackMode } from '../../disc/disc.js';
import { MAX_TRACKS } from '../build-disc.js';
import { parseTime } from '../sheet/sheet-time.js';
import type { SheetText } from '../sheet/sheet-text.js';
import { storedSector } from '../stored-sector.js';
import { parseCatalog, parseIsrc } from '../track-codes.js';
import type { SectorBytes, StoredSector } from '../stored-sector.js';
import { listTokens } from './tokens.js';
import type { Token } from './tokens.js';

/** Pieces that a track is put together from, and its index points. */
const MAX_PIECES = 100;
const MAX_NUMBER = 2 ** 48;
const SAMPLE_BYTES = 4;
/** Characters of a sheet that a message shows. */
const MAX_SHOWN = 100;

const KINDS: Readonly<Record<string, SessionKind>> = {
  CD_DA: 'cd-rom',
  CD_ROM: 'cd-rom',
  CD_ROM_XA: 'xa',
  CD_I: 'cd-i',
};

const MODES: Readonly<Record<string, readonly [TrackMode, SectorBytes]>> = {
  AUDIO: ['audio', 2352],
  MODE1: ['mode1', 2048],
  MODE1_RAW: ['mode1', 2352],
  MODE2: ['mode2', 2336],
  MODE2_FORM1: ['xa', 2048],
  MODE2_FORM2: ['xa', 2324],
  MODE2_FORM_MIX: ['xa', 2336],
  MODE2_RAW: ['xa', 2352],
};

/** Bytes of a track that follow each other. */
export interface TocPiece {
  /** As it stands in the sheet; undefined: zeros. */
  readonly file: string | undefined;
  /** Where in the file; of sound in files with a header, behind that. */
  readonly offset: number;
  /** Undefined: up to the end of the file. */
  readonly length: number | undefined;
  /** Low byte first. */
  readonly isSwapped: boolean;
}

export interface TocTrack {
  readonly number: number;
  readonly mode: TrackMode;
  readonly sector: StoredSector;
  readonly pieces: TocPiece[];
  /** Sectors from index 1 to those behind it. */
  readonly indexes: number[];
  readonly facts: {
    isrc?: string;
    copyPermitted?: boolean;
    preEmphasis?: boolean;
    fourChannels?: boolean;
    title?: string;
    performer?: string;
  };
  /** Bytes before index 1; `whole`: all pieces that stood before START. */
  pregap: number | undefined;
}

export interface TocSheet {
  readonly kind?: SessionKind;
  readonly catalog?: string;
  readonly title?: string;
  readonly performer?: string;
  readonly tracks: readonly TocTrack[];
}

/** Names of the files of a sheet; undefined for what is none. */
export function listTocFiles(text: SheetText): readonly string[] | undefined {
  const isMarked = text.lines.some((line) => /^TRACK[ \t]+(AUDIO|MODE[12])/.test(line));
  if (!isMarked) return undefined;
  const tokens = listTokens(text);
  const names = tokens.filter(
    ({ isString }, i) => isString && /^(FILE|AUDIOFILE|DATAFILE)$/.test(tokens[i - 1]?.text ?? ''),
  );
  return names.length === 0 ? undefined : names.map((name) => name.text);
}

/** Throws `damaged` for what cannot be right. */
export function parseToc(text: SheetText): TocSheet {
  return new TocParser(text).parse();
}

class TocParser {
  readonly #text: SheetText;
  readonly #tokens: readonly Token[];
  readonly #tracks: TocTrack[] = [];
  readonly #disc: { kind?: SessionKind; catalog?: string; title?: string; performer?: string } = {};
  #at = 0;

  constructor(text: SheetText) {
    this.#text = text;
    this.#tokens = listTokens(text);
  }

  parse(): TocSheet {
    while (this.#at < this.#tokens.length) this.#takeStatement(this.#next().text);
    if (this.#tracks.length === 0) throw this.#refuse('it has no track', 'one at least');
    return { ...this.#disc, tracks: this.#tracks };
  }

  #takeStatement(word: string): void {
    const track = this.#tracks.at(-1);
    if (word in KINDS) this.#disc.kind = KINDS[word]!;
    else if (word === 'CATALOG') this.#setCatalog(this.#next().text);
    else if (word === 'TRACK') this.#addTrack();
    else if (word === 'CD_TEXT') this.#takeText(track?.facts ?? this.#disc);
    else if (word === 'NO') this.#takeFlag(this.#next().text, false);
    else if (!this.#takeFlag(word, true)) {
      if (track === undefined) throw this.#refuse(`"${word}" stands before the first track`, 'TRACK');
      this.#takeContent(word, track);
    }
  }

  #addTrack(): void {
    const word = this.#next().text;
    const mode = MODES[word];
    if (mode === undefined) throw this.#refuse(`mode is "${word}"`, 'one such as AUDIO or MODE1_RAW');
    if (this.#tracks.length >= MAX_TRACKS) throw this.#refuse('a track too many', `at most ${MAX_TRACKS}`);
    const hasSubchannel = /^RW(_RAW)?$/.test(this.#peek());
    // Packed ones lack what a drive would give.
    const isPacked = hasSubchannel && this.#next().text === 'RW';
    const { subchannel, ...sector } = storedSector(...mode, hasSubchannel ? 96 : 0);
    this.#tracks.push({
      number: this.#tracks.length + 1,
      mode: mode[0],
      sector: subchannel === undefined || isPacked ? sector : { ...sector, subchannel },
      ...{ pieces: [], indexes: [], facts: {}, pregap: undefined },
    });
  }

  #setCatalog(text: string): void {
    const catalog = parseCatalog(text);
    if (catalog !== undefined) this.#disc.catalog = catalog;
  }

  #setIsrc(text: string): void {
    const isrc = parseIsrc(text);
    const track = this.#tracks.at(-1);
    if (track !== undefined && isrc !== undefined) track.facts.isrc = isrc;
  }

  #takeFlag(word: string, isSet: boolean): boolean {
    const facts = this.#tracks.at(-1)?.facts ?? {};
    if (word === 'COPY') facts.copyPermitted = isSet;
    else if (word === 'PRE_EMPHASIS') facts.preEmphasis = isSet;
    else if (word === 'FOUR_CHANNEL_AUDIO') facts.fourChannels = isSet;
    else if (word === 'ISRC') this.#setIsrc(this.#next().text);
    else return word === 'TWO_CHANNEL_AUDIO';
    return true;
  }

  #takeContent(word: string, track: TocTrack): void {
    switch (word) {
      case 'SILENCE':
      case 'ZERO':
        this.#skipModes();
        this.#addPiece(track, { file: undefined, offset: 0, isSwapped: false, length: this.#length(track) });
        return;
      case 'FILE':
      case 'AUDIOFILE':
      case 'DATAFILE':
        this.#addFile(word, track);
        return;
      case 'FIFO':
        this.#addPiece(track, {
          file: this.#next().text,
          offset: 0,
          isSwapped: false,
          length: this.#length(track),
        });
        return;
      case 'START':
        track.pregap = parseTime(this.#peek()) === undefined ? sumOf(track) : this.#length(track);
        return;
      case 'PREGAP': {
        const length = this.#length(track);
        this.#addPiece(track, { file: undefined, offset: 0, isSwapped: false, length });
        track.pregap = length;
        return;
      }
      case 'INDEX':
        if (track.indexes.length >= MAX_PIECES) throw this.#refuse('an index too many', 'at most 98');
        track.indexes.push(this.#length(track) / track.sector.bytes);
        return;
      default:
        throw this.#refuse(`found "${word}"`, 'a statement of cdrdao');
    }
  }

  #addFile(word: string, track: TocTrack): void {
    const file = this.#next();
    if (!file.isString) throw this.#refuse(`name is ${file.text}`, 'a name in quotes');
    let [offset, isSwapped] = [0, false];
    for (; this.#peek() === 'SWAP' || this.#peek().startsWith('#');) {
      const option = this.#next().text;
      if (option === 'SWAP') isSwapped = true;
      else offset = this.#number(option.slice(1));
    }
    if (word !== 'DATAFILE') offset += this.#length(track);
    const length = isLength(this.#peek()) ? this.#length(track) : 0;
    this.#addPiece(track, { file: file.text, offset, isSwapped, length: length === 0 ? undefined : length });
  }

  #addPiece(track: TocTrack, piece: TocPiece): void {
    if (track.pieces.length >= MAX_PIECES)
      throw this.#refuse('a piece too many', `at most ${MAX_PIECES} a track`);
    track.pieces.push(piece);
  }

  /** ZERO may have the mode of its sectors before its length. */
  #skipModes(): void {
    while (this.#peek() in MODES || /^RW(_RAW)?$/.test(this.#peek())) this.#at += 1;
  }

  /** Bytes, by a time, or by a number of samples of sound or of bytes. */
  #length({ mode, sector }: TocTrack): number {
    const text = this.#next().text;
    const frames = parseTime(text);
    if (frames !== undefined) return frames * sector.bytes;
    return this.#number(text) * (mode === 'audio' ? SAMPLE_BYTES : 1);
  }

  #number(text: string): number {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (!(number <= MAX_NUMBER)) throw this.#refuse(`found "${text}"`, 'a number, or minutes:seconds:frames');
    return number;
  }

  /** Texts of the first language, and whatever else is between the braces passed over. */
  #takeText(facts: { title?: string; performer?: string }): void {
    if (this.#next().text !== '{') throw this.#refuse('CD_TEXT has no "{"', 'one');
    for (let depth = 1; depth > 0;) {
      const { text, isString } = this.#next();
      if (isString) continue;
      if (text === '{') depth += 1;
      else if (text === '}') depth -= 1;
      else if (text === 'TITLE' || text === 'PERFORMER') {
        const value = this.#tokens[this.#at];
        const field = text === 'TITLE' ? 'title' : 'performer';
        if (value?.isString === true && value.text !== '') facts[field] ??= this.#text.text(value.text);
      }
    }
  }

  #peek(): string {
    const token = this.#tokens[this.#at];
    return token === undefined || token.isString ? '' : token.text;
  }

  #next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.#refuse('it ends within a statement', 'the rest of it');
    this.#at += 1;
    return token;
  }

  #refuse(found: string, wanted: string): IsodriveError {
    const { name } = this.#text;
    const line = this.#tokens[Math.min(this.#at, this.#tokens.length) - 1]?.line ?? 1;
    return new IsodriveError(
      'damaged',
      `Cannot read TOC file "${name}": ${found.slice(0, MAX_SHOWN)} in line ${line}, expected ${wanted}`,
      { at: { source: name }, action: 'Mend the line, or fetch the file again' },
    );
  }
}

function isLength(text: string): boolean {
  return /^\d{1,15}$/.test(text) || parseTime(text) !== undefined;
}

function sumOf({ pieces }: TocTrack): number {
  return pieces.reduce((sum, { length = 0 }) => sum + length, 0);
}
