// Files that list the digests of images by game: DAT files of redump.org and of others (Logiqx XML), and logs of
// redumper and DiscImageCreator, which hold the same lines. Pure.
import { IsodriveError } from '../../base/error.js';
import { scanXml, XmlError } from '../../base/xml-scanner.js';
import type { XmlElement } from '../../base/xml-scanner.js';
import type { Algorithm } from '../hash/digests.js';
import { DIGEST_DIGITS } from '../hash/digests.js';
import { MAX_LOG_LINES } from './dat-game.js';
import type { DatGame, DatRom, PauseRule } from './dat-game.js';
import { decodeList } from './list-text.js';
import { parseEacLog } from './eac-log.js';

/** Bytes of a DAT: those of whole systems have some 20 MB. */
export const MAX_DAT_BYTES = 64 * 1024 * 1024;
/** Of a DAT. */
const MAX_GAMES = 500_000;
const MAX_ROMS = 2_000_000;
/** Of a game: the tracks of a CD, and what lies beside them. */
const MAX_ROMS_OF_GAME = 1000;
/** Of games that may be the image's: all discs of some consoles have the same size. */
const MAX_KEPT_ROMS = 100_000;
/** Characters of a line of a log with digests. */
const MAX_LOG_LINE = 2000;

/** Those that DATs have. */
const DAT_ALGORITHMS = {
  crc: 'crc32',
  md5: 'md5',
  sha1: 'sha1',
  sha256: 'sha256',
} as const satisfies Record<string, Algorithm>;

export interface Dat {
  /** Those that `wanted` took. */
  readonly games: readonly DatGame[];
  /** How many there are at all. */
  readonly gameCount: number;
  readonly pauses: PauseRule;
}

/**
 * The games of a file, of which those are kept that `wanted` takes. `name`: of the file. Throws `unsupported` for what
 * holds no digests, and `damaged` for what is no sound XML.
 */
export function parseDat(bytes: Uint8Array, name: string, wanted: (game: DatGame) => boolean): Dat {
  const text = decodeList(bytes);
  const games = text.trimStart().startsWith('<') ? parseGames(text, name) : parseLog(text, name);
  const kept: DatGame[] = [];
  let [gameCount, keptRoms] = [0, 0];
  for (const game of games) {
    gameCount += 1;
    if (!wanted(game)) continue;
    kept.push(game);
    keptRoms += game.roms.length;
    if (keptRoms > MAX_KEPT_ROMS) throw tooMany(name);
  }
  if (gameCount > 0) return { games: kept, gameCount, pauses: 'with-next' };
  const ripped = parseEacLog(text);
  if (ripped.length > 0) return { games: [{ name, roms: ripped }], gameCount: 1, pauses: 'with-previous' };
  throw new IsodriveError('unsupported', `Cannot use "${name}": found no digest of a track in it`, {
    action: 'Name a DAT file (Logiqx XML), or a log of redumper, DiscImageCreator or EAC',
  });
}

function tooMany(name: string): IsodriveError {
  const found = `found more than ${MAX_KEPT_ROMS} files of games that may be the image`;
  return new IsodriveError('unsupported', `Cannot use "${name}": ${found}, expected at most so many`, {
    action: 'Cut the games that are meant out of it',
  });
}

/** Games with one file at least: `rom` in `game` or `machine`, in the order of the file. */
function* parseGames(text: string, name: string): Generator<DatGame> {
  let game: { readonly name: string; readonly depth: number; readonly roms: DatRom[] } | undefined;
  let [games, roms] = [0, 0];
  try {
    for (const element of scanXml(text)) {
      const depth = element.path.length;
      if (game !== undefined && depth <= game.depth) {
        if (game.roms.length > 0) yield game;
        game = undefined;
      }
      if (game === undefined) {
        if (element.name !== 'game' && element.name !== 'machine') continue;
        if ((games += 1) > MAX_GAMES) throw new XmlError(`found more than ${MAX_GAMES} games`, 0);
        game = { name: readText(element, 'name') ?? '', depth, roms: [] };
      } else if (element.name === 'rom') {
        const rom = readRom(element);
        if (rom === undefined) continue;
        game.roms.push(rom);
        if ((roms += 1) > MAX_ROMS) throw new XmlError(`found more than ${MAX_ROMS} files`, 0);
        if (game.roms.length > MAX_ROMS_OF_GAME)
          throw new XmlError(`found more than ${MAX_ROMS_OF_GAME} files in one game`, 0);
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof XmlError)) throw thrown;
    throw new IsodriveError('damaged', `Cannot read DAT file "${name}": ${thrown.message}`, {
      at: { source: name, offset: thrown.at },
      action: 'Fetch the DAT file again',
    });
  }
  if (game !== undefined && game.roms.length > 0) yield game;
}

/** A log is about one image; its lines "<rom .../>" are those of a DAT. */
function* parseLog(text: string, name: string): Generator<DatGame> {
  const roms: DatRom[] = [];
  for (const line of text.split('\n', MAX_LOG_LINES)) {
    const start = line.indexOf('<rom ');
    if (start < 0 || line.length > MAX_LOG_LINE || roms.length >= MAX_ROMS_OF_GAME) continue;
    const rom = readLine(line.slice(start).trimEnd());
    if (rom !== undefined && !roms.some((one) => one.name === rom.name)) roms.push(rom);
  }
  if (roms.length > 0) yield { name, roms };
}

function readLine(line: string): DatRom | undefined {
  try {
    const [element] = scanXml(line);
    return element === undefined ? undefined : readRom(element);
  } catch (thrown) {
    if (thrown instanceof XmlError) return undefined;
    throw thrown;
  }
}

/** Undefined for one without a digest that can be computed here. */
function readRom(element: XmlElement): DatRom | undefined {
  const digests = new Map<Algorithm, string>();
  for (const [word, algorithm] of Object.entries(DAT_ALGORITHMS)) {
    const digest = element.attributes.get(word)?.toLowerCase();
    if (digest?.length === DIGEST_DIGITS[algorithm] && /^[0-9a-f]+$/.test(digest))
      digests.set(algorithm, digest);
  }
  const size = element.attributes.get('size') ?? '';
  if (digests.size === 0) return undefined;
  return {
    name: readText(element, 'name') ?? '',
    size: /^\d{1,15}$/.test(size) ? Number(size) : undefined,
    digests,
  };
}

/** The text was read as Latin-1, see decodeList. */
function readText({ attributes }: XmlElement, name: string): string | undefined {
  const value = attributes.get(name);
  return value === undefined ? undefined : decodeLatin(value);
}

/** A reference may stand for a character that is no byte: then it is the text already. */
function decodeLatin(value: string): string {
  return /^[\0-\xff]*$/.test(value) ? Buffer.from(value, 'latin1').toString() : value;
}
