// Parses a cue sheet (CDRWIN User's Guide, and what other programs have added in REM): text in, facts or an error out.
import { IsodriveError } from '../../base/error.js';
import type { Session, TrackMode } from '../../disc/disc.js';
import { LEAD_FRAMES } from '../../disc/sector-address.js';
import { MAX_TRACKS } from '../build-disc.js';
import { sessionGap } from '../session-gap.js';
import { parseTime } from '../sheet/sheet-time.js';
import { trimBlanks } from '../sheet/sheet-text.js';
import type { SheetText } from '../sheet/sheet-text.js';
import { storedSector } from '../stored-sector.js';
import { parseCatalog, parseIsrc } from '../track-codes.js';
import type { SectorBytes, StoredSector } from '../stored-sector.js';

const MAX_INDEX = 99;
const MAX_SESSIONS = 99;
/** Sectors of a lead-in (Orange Book). */
const LEAD_IN = 4500;
/** Characters of a sheet that a message shows. */
const MAX_SHOWN = 100;
/** Lines that are not understood: more are not told. */
const MAX_STRANGE = 20;
const FILE_TYPES = ['BINARY', 'MOTOROLA', 'WAVE', 'AIFF', 'AIF', 'MP3', 'FLAC', 'OGG', 'APE', 'WAV'];
/** Its own kind of a mode that sheets do not tell apart. */
export const UNTOLD = 'mode 2';

export interface CueIndex {
  readonly number: number;
  /** Number of its file. */
  readonly file: number;
  /** Sectors from the start of the file. */
  readonly frame: number;
}

export interface CueTrack {
  readonly number: number;
  /** `UNTOLD`: of mode 2, whose forms only the sectors tell. */
  readonly mode: TrackMode | typeof UNTOLD;
  readonly sector: StoredSector;
  readonly isCdi: boolean;
  readonly session: number;
  readonly isHighDensity: boolean;
  readonly indexes: CueIndex[];
  readonly flags: Set<string>;
  pregap: number;
  postgap: number;
  isrc?: string;
  title?: string;
  performer?: string;
}

export interface CueFile {
  /** As it stands in the sheet. */
  readonly name: string;
  /** In upper case; `BINARY` where the sheet does not say. */
  readonly type: string;
}

/** What REM says of a session. */
export interface CueSession extends Pick<Session, 'kind'> {
  leadOut?: number;
  gap?: number;
}

export interface CueSheet {
  readonly files: readonly CueFile[];
  readonly tracks: readonly CueTrack[];
  readonly sessions: ReadonlyMap<number, CueSession>;
  readonly catalog?: string;
  readonly title?: string;
  readonly performer?: string;
  /** File with packs of CD-TEXT, as it stands in the sheet. */
  readonly textFile?: string;
  /** Lines that say nothing that is known. */
  readonly strange: readonly string[];
}

/** Throws `damaged` for a line that cannot be right. */
export function parseCue(text: SheetText): CueSheet {
  const parser = new CueParser(text);
  for (const [i, line] of text.lines.entries()) parser.take(line, i + 1);
  return parser.finish();
}

/** Names of the files of a sheet; undefined for what is none. */
export function listCueFiles({ lines }: SheetText): readonly string[] | undefined {
  const files = lines.filter((line) => /^FILE[ \t]/i.test(line)).map((line) => parseFile(line).name);
  const hasTrack = lines.some((line) => /^TRACK[ \t]+(\d+|AA)[ \t]+\w/i.test(line));
  return hasTrack && files.length > 0 ? files : undefined;
}

class CueParser {
  readonly #text: SheetText;
  readonly #files: CueFile[] = [];
  readonly #tracks: CueTrack[] = [];
  readonly #sessions = new Map<number, CueSession>();
  readonly #strange: string[] = [];
  readonly #disc: { catalog?: string; title?: string; performer?: string; textFile?: string } = {};
  #track: CueTrack | undefined;
  /** Lines of a track that is none: lead-in and lead-out. */
  #isSkipping = false;
  #session = 1;
  #isHighDensity = false;
  #line = 0;

  constructor(text: SheetText) {
    this.#text = text;
  }

  take(line: string, number: number): void {
    this.#line = number;
    const [, word = '', rest = ''] = /^(\w+)[ \t]*(.*)$/.exec(line) ?? [];
    const keyword = word.toUpperCase();
    if (keyword === 'FILE') this.#addFile(line);
    else if (keyword === 'TRACK') this.#addTrack(rest);
    else if (keyword === 'REM') this.#takeRemark(rest);
    else if (!this.#takeFact(keyword, rest) && line !== '' && this.#strange.length < MAX_STRANGE)
      this.#strange.push(`line ${number}`);
  }

  finish(): CueSheet {
    const tracks = this.#tracks.filter(({ indexes }) => indexes.some(({ number }) => number > 0));
    for (const { number } of this.#tracks.filter((track) => !tracks.includes(track)))
      this.#strange.push(`track ${number}, which has no INDEX 01`);
    for (const { session, isCdi } of tracks)
      if (isCdi) this.#sessions.set(session, { ...this.#sessions.get(session), kind: 'cd-i' });
    if (tracks.length === 0) throw this.#refuse('it has no track with an INDEX 01', 'one track at least');
    return {
      ...this.#disc,
      ...{ files: this.#files, tracks, sessions: this.#sessions, strange: this.#strange },
    };
  }

  #addFile(line: string): void {
    this.#isSkipping = false;
    if (this.#files.length >= MAX_TRACKS + 1)
      throw this.#refuse(`it names more than ${this.#files.length} files`, 'at most one a track');
    this.#files.push(parseFile(line));
  }

  #addTrack(rest: string): void {
    const [, digits = '', mode = ''] = /^(\w+)[ \t]+(\S+)/.exec(rest) ?? [];
    const number = Number(digits);
    this.#isSkipping = number === 0 || digits.toUpperCase() === 'AA';
    this.#track = undefined;
    if (this.#isSkipping) return;
    const last = this.#tracks.at(-1)?.number ?? 0;
    if (!(Number.isInteger(number) && number > last && number <= MAX_TRACKS))
      throw this.#refuse(`TRACK is "${digits}"`, `a number from ${last + 1} to ${MAX_TRACKS}`);
    const kind = parseMode(mode.toUpperCase());
    if (kind === undefined) throw this.#refuse(`mode is "${mode}"`, 'one such as AUDIO or MODE1/2352');
    this.#track = {
      ...{ number, ...kind, session: this.#session, isHighDensity: this.#isHighDensity },
      ...{ indexes: [], flags: new Set(), pregap: 0, postgap: 0 },
    };
    this.#isHighDensity = false;
    this.#tracks.push(this.#track);
  }

  /** False for what is not known. */
  #takeFact(keyword: string, rest: string): boolean {
    const track = this.#track;
    const of = track ?? this.#disc;
    switch (keyword) {
      case 'INDEX':
        this.#addIndex(rest);
        return true;
      case 'PREGAP':
      case 'POSTGAP':
        if (track !== undefined) track[keyword === 'PREGAP' ? 'pregap' : 'postgap'] = this.#time(rest);
        return true;
      case 'FLAGS':
        for (const flag of rest.toUpperCase().split(/[ \t]+/)) track?.flags.add(flag);
        return true;
      case 'ISRC':
        this.#setIsrc(unquote(rest));
        return true;
      case 'TITLE':
      case 'PERFORMER':
        of[keyword === 'TITLE' ? 'title' : 'performer'] = this.#text.text(unquote(rest));
        return true;
      case 'CATALOG':
        this.#setCatalog(unquote(rest));
        return true;
      case 'CDTEXTFILE':
        this.#disc.textFile = unquote(rest);
        return true;
      default:
        return ['SONGWRITER', 'ARRANGER', 'COMPOSER', 'MESSAGE', 'GENRE', 'DISC_ID', 'UPC_EAN'].includes(
          keyword,
        );
    }
  }

  #setIsrc(text: string): void {
    const isrc = parseIsrc(text.replaceAll('-', ''));
    if (this.#track !== undefined && isrc !== undefined) this.#track.isrc = isrc;
  }

  #setCatalog(text: string): void {
    const catalog = parseCatalog(text);
    if (catalog !== undefined) this.#disc.catalog = catalog;
  }

  #addIndex(rest: string): void {
    if (this.#isSkipping) return;
    const [, digits = '', time = ''] = /^(\d{1,2})[ \t]+(\S+)/.exec(rest) ?? [];
    const number = Number(digits);
    if (digits === '' || number > MAX_INDEX)
      throw this.#refuse(`INDEX is "${rest}"`, 'a number from 00 to 99 and a time');
    const [file, track] = [this.#files.length - 1, this.#track];
    if (track === undefined || file < 0) throw this.#refuse('INDEX stands alone', 'FILE and TRACK before it');
    const last = track.indexes.at(-1);
    if (last !== undefined && number <= last.number)
      throw this.#refuse(`INDEX ${digits} follows INDEX ${last.number}`, 'ascending numbers');
    track.indexes.push({ number, file, frame: this.#time(time) });
  }

  #takeRemark(rest: string): void {
    const words = rest.toUpperCase().split(/[ \t]+/);
    const [first = '', second = ''] = words;
    if (first === 'SESSION') this.#startSession(second);
    else if (first === 'HIGH-DENSITY' && second === 'AREA') this.#isHighDensity = true;
    else if (/^(LEAD-OUT|LEAD-IN|PREGAP)$/.test(first) && isTime(second)) this.#takeGap(first, second);
  }

  #startSession(digits: string): void {
    const number = Number(digits);
    if (!/^\d{1,3}$/.test(digits) || number < this.#session || number > MAX_SESSIONS)
      throw this.#refuse(`REM SESSION is "${digits}"`, `a number from ${this.#session} to ${MAX_SESSIONS}`);
    this.#session = number;
  }

  /** Before the first track of a session, LEAD-IN and PREGAP say how far it is behind the lead-out before it. */
  #takeGap(word: string, text: string): void {
    const time = this.#time(text);
    const number = word === 'LEAD-OUT' ? this.#session : this.#session - 1;
    const session = this.#sessions.get(number) ?? {};
    if (word === 'LEAD-OUT') session.leadOut = time;
    else if (number >= 1 && this.#tracks.at(-1)?.session !== this.#session) {
      const gap = session.gap ?? sessionGap(number);
      session.gap = gap + time - (word === 'LEAD-IN' ? LEAD_IN : LEAD_FRAMES);
    }
    this.#sessions.set(number, session);
  }

  #time(text: string): number {
    const frames = parseTime(text.split(/[ \t]/)[0]!);
    if (frames === undefined)
      throw this.#refuse(`time is "${text}"`, 'minutes:seconds:frames such as 00:02:00');
    return frames;
  }

  #refuse(found: string, wanted: string): IsodriveError {
    const { name } = this.#text;
    return new IsodriveError(
      'damaged',
      `Cannot read cue sheet "${name}": ${found.slice(0, MAX_SHOWN)} in line ${this.#line}, expected ${wanted}`,
      { at: { source: name }, action: 'Mend the line, or fetch the sheet again' },
    );
  }
}

function isTime(text: string): boolean {
  return parseTime(text) !== undefined;
}

/** FILE "NAME" TYPE, with quotes or without. */
function parseFile(line: string): CueFile {
  const rest = line.replace(/^\w+[ \t]+/, '');
  const [, , quoted, after = ''] = /^(["'])(.*)\1[ \t]*(\S*)/.exec(rest) ?? [];
  if (quoted !== undefined) return { name: quoted, type: after.toUpperCase() || 'BINARY' };
  const blank = Math.max(rest.lastIndexOf(' '), rest.lastIndexOf('\t'));
  const type = rest.slice(blank + 1).toUpperCase();
  const isType = blank >= 0 && FILE_TYPES.includes(type);
  return { name: unquote(isType ? trimBlanks(rest.slice(0, blank)) : rest), type: isType ? type : 'BINARY' };
}

function unquote(text: string): string {
  return text.replace(/^"(.*?)"?$/, '$1');
}

function parseMode(text: string): Pick<CueTrack, 'mode' | 'sector' | 'isCdi'> | undefined {
  if (text === 'AUDIO') return { mode: 'audio', sector: storedSector('audio', 2352), isCdi: false };
  if (text === 'CDG') return { mode: 'audio', sector: storedSector('audio', 2352, 96), isCdi: false };
  const [, kind, digits] = /^(MODE1|MODE2|CDI)\/(\d{4})$/.exec(text) ?? [];
  if (kind === undefined) return undefined;
  const isCdi = kind === 'CDI';
  const whole = Number(digits);
  const subchannel = whole > 2352 ? 96 : 0;
  const bytes = whole - subchannel;
  const known = kind === 'MODE1' ? [2048, 2352] : isCdi ? [2336, 2352] : [2048, 2324, 2328, 2332, 2336, 2352];
  if (!known.includes(bytes)) return undefined;
  // Sectors of form 1 or 2 alone have no more than their user data.
  const isTold = kind === 'MODE1' || bytes < 2336;
  const mode = kind === 'MODE1' ? 'mode1' : 'xa';
  return {
    mode: isTold ? mode : UNTOLD,
    sector: storedSector(mode, bytes as SectorBytes, subchannel),
    isCdi,
  };
}
