// Which game of a list an image is, and what of it agrees: by digests; names and lengths only decide where those leave
// it open. Pure.
import { countBytes } from '../../base/byte-count.js';
import { foldName } from '../../source/image-files.js';
import type { Algorithm } from '../hash/digests.js';
import type { Check } from './check.js';
import { isSideRom } from './dat-game.js';
import type { DatGame, DatRom } from './dat-game.js';
import { sizeOf } from './image-pieces.js';
import type { ImagePiece } from './image-pieces.js';

/** The digest of a piece; undefined where it cannot be read. */
export type FindDigest = (piece: ImagePiece, algorithm: Algorithm) => string | undefined;

type Verdict = Pick<Check, 'subject' | 'status' | 'detail'>;

export interface ChosenGame {
  readonly game: DatGame;
  /** Other games that agree wholly as well. */
  readonly others: number;
  readonly verdicts: readonly Verdict[];
}

const NUMBERED = /\btrack[ _-]*0*(\d{1,2})\b/i;

/** The pieces of an image, as files of games are looked for among them. */
export class PieceTable {
  readonly #bySize = new Map<number, ImagePiece[]>();
  readonly #byTrack = new Map<number, ImagePiece[]>();
  readonly #sides = new Map<number, ImagePiece[]>();
  readonly #files: readonly ImagePiece[];
  readonly #names: ReadonlySet<string>;
  readonly #stems: ReadonlySet<string>;

  constructor(pieces: readonly ImagePiece[]) {
    for (const piece of pieces) {
      addTo(piece.kind === 'side' ? this.#sides : this.#bySize, sizeOf(piece), piece);
      if (piece.kind === 'track') addTo(this.#byTrack, piece.tracks[0]!, piece);
    }
    this.#files = pieces.filter(({ kind }) => kind === 'file');
    const names = pieces.flatMap(({ fileName }) => (fileName === undefined ? [] : [foldName(fileName)]));
    this.#names = new Set(names);
    this.#stems = new Set(names.map((name) => name.replace(/\.[^.]*$/, '')));
  }

  /** Numbers of all tracks, in order. */
  get tracks(): readonly number[] {
    return [...this.#byTrack.keys()];
  }

  /** What a file of a game may be by its length; of a track without one, by its number. */
  fitting(rom: DatRom): readonly ImagePiece[] {
    if (rom.size !== undefined) return (isSideRom(rom) ? this.#sides : this.#bySize).get(rom.size) ?? [];
    const number = numberOf(rom);
    return number === undefined ? [] : (this.#byTrack.get(number) ?? []);
  }

  /** Whether a game is called as the image, or one of its files as one of the image's. */
  isNamedAs({ name, roms }: DatGame): boolean {
    return this.#stems.has(foldName(name)) || roms.some((rom) => this.#names.has(foldName(rom.name)));
  }

  /**
   * The pieces in the places of some files: tracks of their numbers. Where names have no numbers, files that are as
   * many, or tracks in order.
   */
  placesOf(roms: readonly DatRom[]): (ImagePiece | undefined)[] {
    const isByFile = this.#files.length > 0 && this.#files.length === roms.length;
    const { tracks } = this;
    return roms.map((rom, i) => {
      const number = numberOf(rom);
      if (number === undefined && isByFile) return this.#files[i];
      const alike = this.#byTrack.get(number ?? tracks[i] ?? 0) ?? [];
      // A track may be there as it is stored, and with whole sectors.
      return alike.find((piece) => rom.size === sizeOf(piece)) ?? alike[0];
    });
  }

  /** What is told of a track that no file of a game stands for. */
  subjectOf(track: number): string {
    return this.#byTrack.get(track)![0]!.subject;
  }
}

/** Undefined where no game has anything of the image, and none is called as it, or as long in all its files alone. */
export function chooseGame(
  games: readonly DatGame[],
  table: PieceTable,
  find: FindDigest,
): ChosenGame | undefined {
  let best: Match | undefined;
  let [whole, sized] = [0, 0];
  for (const game of games) {
    const match = new Match(game, table, find);
    if (best === undefined || match.compare(best) > 0) best = match;
    if (match.isWhole) whole += 1;
    if (match.isSized) sized += 1;
  }
  if (best === undefined || !(best.isLikely || (best.isSized && sized === 1))) return undefined;
  return { game: best.game, others: Math.max(0, whole - 1), verdicts: best.judge() };
}

class Match {
  readonly game: DatGame;
  /** As many files of the game as have a piece of their length, and all have. */
  readonly isSized: boolean;
  readonly #table: PieceTable;
  readonly #find: FindDigest;
  readonly #places: ReadonlyMap<DatRom, ImagePiece | undefined>;
  readonly #agreed = new Map<DatRom, ImagePiece>();
  /** Tracks of the image that no file of the game stands for. */
  readonly #extra: readonly number[];
  /** What counts, the first before the others: all agree, how many do, the name, sheets, lengths. */
  readonly #ranks: readonly number[];

  constructor(game: DatGame, table: PieceTable, find: FindDigest) {
    this.game = game;
    this.#table = table;
    this.#find = find;
    const content = game.roms.filter((rom) => !isSideRom(rom));
    const places = table.placesOf(content);
    this.#places = new Map(content.map((rom, i) => [rom, places[i]]));
    this.#findAgreed();
    const stood = [...places, ...this.#agreed.values()].flatMap((piece) => piece?.tracks ?? []);
    const covered = new Set(stood);
    this.#extra = table.tracks.filter((track) => !covered.has(track));
    this.isSized = content.length > 0 && content.every((rom) => table.fitting(rom).length > 0);
    const agreed = content.filter((rom) => this.#agreed.has(rom)).length;
    const isWhole = agreed > 0 && agreed === content.length && this.#extra.length === 0;
    const isNamed = table.isNamedAs(game);
    this.#ranks = [isWhole, agreed, isNamed, this.#agreed.size - agreed, this.isSized].map(Number);
  }

  /** It has all of the image, and nothing else. */
  get isWhole(): boolean {
    return this.#ranks[0] === 1;
  }

  /** A digest speaks for it, or the name. */
  get isLikely(): boolean {
    return this.#ranks[1]! + this.#ranks[2]! > 0;
  }

  compare(other: Match): number {
    const at = this.#ranks.findIndex((rank, i) => rank !== other.#ranks[i]);
    return at < 0 ? 0 : this.#ranks[at]! - other.#ranks[at]!;
  }

  judge(): Verdict[] {
    const extra = this.#extra.map((track): Verdict => {
      return {
        subject: this.#table.subjectOf(track),
        status: 'mismatch',
        detail: 'the game has no such track',
      };
    });
    return [...this.game.roms.map((rom) => this.#judge(rom)), ...extra];
  }

  #findAgreed(): void {
    const used = new Set<ImagePiece>();
    for (const rom of this.game.roms) {
      const fitting = this.#table.fitting(rom);
      const own = this.#places.get(rom);
      const candidates = own !== undefined && fitting.includes(own) ? [own, ...fitting] : fitting;
      const piece = candidates.find((one) => !used.has(one) && this.#differs(one, rom) === undefined);
      if (piece === undefined) continue;
      used.add(piece);
      this.#agreed.set(rom, piece);
    }
  }

  #judge(rom: DatRom): Verdict {
    const agreed = this.#agreed.get(rom);
    if (agreed !== undefined) {
      const kinds = [...rom.digests.keys()];
      const detail = `${kinds.join(', ')} ${kinds.length === 1 ? 'agrees' : 'agree'}`;
      return { subject: agreed.subject, status: 'ok', detail };
    }
    // Programs write sheets in their own ways: one that differs says nothing of the tracks.
    if (isSideRom(rom))
      return { subject: rom.name, status: 'unchecked', detail: 'no file of the image is it; tracks decide' };
    const piece = this.#places.get(rom);
    if (piece === undefined)
      return { subject: rom.name, status: 'missing', detail: 'the image has no such track' };
    const { subject } = piece;
    if (!piece.isHeld) return { subject, status: 'unreadable', detail: 'the image does not have all of it' };
    if (rom.size !== undefined && rom.size !== sizeOf(piece))
      return {
        subject,
        status: 'mismatch',
        detail: `it has ${countBytes(sizeOf(piece))}, expected ${rom.size}`,
      };
    // It agrees, and stands for another file already.
    const differs = this.#differs(piece, rom) ?? { status: 'mismatch', detail: 'another track is the same' };
    return { subject, ...differs };
  }

  #differs(piece: ImagePiece, { digests }: DatRom): Pick<Check, 'status' | 'detail'> | undefined {
    for (const [algorithm, digest] of digests) {
      const found = this.#find(piece, algorithm);
      if (found === undefined) return { status: 'unreadable', detail: 'parts of it cannot be read' };
      if (found !== digest)
        return { status: 'mismatch', detail: `${algorithm} is ${found}, expected ${digest}` };
    }
    return undefined;
  }
}

function numberOf({ name }: DatRom): number | undefined {
  const [, number] = NUMBERED.exec(name) ?? [];
  return number === undefined ? undefined : Number(number);
}

function addTo(map: Map<number, ImagePiece[]>, key: number, piece: ImagePiece): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [piece]);
  else list.push(piece);
}
