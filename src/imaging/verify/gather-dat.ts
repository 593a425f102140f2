// The digests of a list of games (--dat), beside those of the image's tracks and files: which game it is, and what of
// it agrees.
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import { hostPath } from '../../base/path-text.js';
import type { Algorithm } from '../hash/digests.js';
import type { Check } from './check.js';
import { chooseGame, PieceTable } from './choose-game.js';
import { MAX_DAT_BYTES, parseDat } from './dat-file.js';
import type { Dat } from './dat-file.js';
import type { VerifyOptions } from './evidence.js';
import { findPieces } from './image-pieces.js';
import type { ImagePiece, PieceContext } from './image-pieces.js';
import { runPass } from './image-pass.js';
import type { PassOptions, Readable } from './image-pass.js';
import { RangeHash } from './range-hash.js';

/** Digests of pieces that a list asks for; whoever passes over a source anyway can take those of it along. */
export class DatEvidence {
  readonly #dat: Dat;
  readonly #name: string;
  readonly #image: string;
  readonly #table: PieceTable;
  readonly #options: PassOptions;
  readonly #hashes = new Map<ImagePiece, Map<Algorithm, RangeHash>>();
  readonly #taken = new Set<RangeHash>();

  constructor(dat: Dat, name: string, image: string, table: PieceTable, options: PassOptions) {
    this.#dat = dat;
    this.#name = name;
    this.#image = image;
    this.#table = table;
    this.#options = options;
    for (const rom of dat.games.flatMap(({ roms }) => roms)) {
      for (const piece of table.fitting(rom)) {
        if (!piece.isHeld) continue;
        const own = this.#hashes.get(piece) ?? new Map<Algorithm, RangeHash>();
        this.#hashes.set(piece, own);
        for (const algorithm of rom.digests.keys())
          if (!own.has(algorithm)) own.set(algorithm, new RangeHash(algorithm, piece.start, piece.end));
      }
    }
  }

  /** Whether it is about data as well as sound. */
  get hasData(): boolean {
    return this.#dat.pauses === 'with-next';
  }

  /** What a pass over some bytes of a source has to read for it; the pass has to be made then. */
  take(source: Readable, start = 0, end = Number.POSITIVE_INFINITY): RangeHash[] {
    const wanted = Array.from(this.#hashes)
      .filter(([piece]) => piece.source === source && piece.start >= start && piece.end <= end)
      .flatMap(([, hashes]) => [...hashes.values()])
      .filter((hash) => !this.#taken.has(hash));
    for (const hash of wanted) this.#taken.add(hash);
    return wanted;
  }

  /** Reads what no pass has read. Rejects as runPass does. */
  async finish(): Promise<Check[]> {
    for (const source of new Set(Array.from(this.#hashes.keys(), (piece) => piece.source)))
      await runPass(source, this.take(source), this.#options);
    const { games, gameCount } = this.#dat;
    const base = { kind: 'dat', evidence: this.#name } as const;
    const chosen = chooseGame(games, this.#table, (piece, algorithm) =>
      this.#hashes.get(piece)?.get(algorithm)?.finish(),
    );
    if (chosen === undefined) {
      const count = gameCount === 1 ? 'its one game has' : `none of its ${gameCount} games has`;
      const detail = `${count} ${gameCount === 1 ? 'no' : 'a'} track or file of the image`;
      return [{ ...base, subject: this.#image, status: 'mismatch', detail }];
    }
    const { game, others, verdicts } = chosen;
    const more = others === 0 ? '' : `, and ${others} more`;
    return verdicts.map((verdict) => ({
      ...base,
      evidence: `${this.#name}, "${game.name}"${more}`,
      game: game.name,
      ...verdict,
    }));
  }
}

/**
 * Undefined where no list was given. Rejects with `unsupported` or `damaged` for what is no such list, and as readFile
 * does.
 */
export async function gatherDat(
  { files, disc }: Pick<PieceContext, 'files' | 'disc'>,
  options: VerifyOptions,
): Promise<DatEvidence | undefined> {
  const { dat: path } = options;
  if (path === undefined) return undefined;
  const name = basename(path);
  const context = { files, disc, name: basename(options.path) };
  const bytes = await readDat(path);
  let table = new PieceTable(findPieces(context, 'with-next'));
  const dat = parseDat(
    bytes,
    name,
    (game) => table.isNamedAs(game) || game.roms.some((rom) => table.fitting(rom).length > 0),
  );
  if (dat.pauses === 'with-previous') table = new PieceTable(findPieces(context, dat.pauses));
  return new DatEvidence(dat, name, context.name, table, options);
}

async function readDat(path: string): Promise<Buffer> {
  const stats = await stat(hostPath(path));
  if (stats.isFile() && stats.size <= MAX_DAT_BYTES) return readFile(hostPath(path));
  const found = stats.isFile() ? `it has ${countBytes(stats.size)}` : 'it is no regular file';
  throw new IsodriveError(
    'unsupported',
    `Cannot use "${path}": ${found}, expected a file of ${countBytes(MAX_DAT_BYTES)} at most`,
    { action: 'Name a DAT file of one system' },
  );
}
