// A folder as a CD-ROM drive of a Wine prefix: a link among its dosdevices, and the letter's type in its registry. Both
// are undone at the end; after a death without end, by the next drive that is attached there.
import { lstat, readdir, readlink, stat, symlink, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { homeFolder, readVariable } from '../base/environment.js';
import { IsodriveError, isSystemError } from '../base/error.js';
import { describeOwner, findAbandonedNotes, removeNote, writeNote } from './drive-note.js';
import type { DriveNote } from './drive-note.js';
import { readDriveType, writeDriveType } from './drive-type.js';
import { WinePrograms } from './wine-programs.js';

/** a and b are floppies by tradition, c is Wine's own disk. */
const LETTERS = 'defghijklmnopqrstuvwxyz'.split('');
const CDROM = 'cdrom';
/** Milliseconds that a server may go on after its last program has ended, which are about three seconds. */
const SERVER_LINGER = 6000;

/** The prefix: `wanted`, or WINEPREFIX, or ~/.wine. Rejects with `usage` when there is none. */
export async function findPrefix(wanted: string | undefined): Promise<string> {
  const prefix = resolve(wanted ?? readVariable('WINEPREFIX') ?? join(homeFolder(), '.wine'));
  try {
    if ((await stat(join(prefix, 'dosdevices'))).isDirectory()) return prefix;
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
  }
  throw new IsodriveError('usage', `Found no Wine prefix at "${prefix}", expected one`, {
    action: `Make it first: WINEPREFIX='${prefix}' wineboot --init`,
  });
}

/** A letter as Wine has it. Throws `usage` for what is none, or Wine's own. */
export function parseLetter(text: string): string {
  const letter = /^([a-z]):?[\\/]?$/i.exec(text)?.[1]?.toLowerCase();
  if (letter !== undefined && LETTERS.includes(letter)) return letter;
  throw new IsodriveError('usage', `Drive letter is "${text}", expected one from d to z`);
}

export class WineDrive implements AsyncDisposable {
  readonly letter: string;
  readonly wine: WinePrograms;
  readonly #prefix: string;
  readonly #note: DriveNote;

  private constructor(prefix: string, wine: WinePrograms, note: DriveNote) {
    this.letter = note.letter;
    this.wine = wine;
    this.#prefix = prefix;
    this.#note = note;
  }

  /**
   * Makes `folder` a CD-ROM drive of the prefix, of the wanted letter or the first free one. Rejects with `busy` when
   * the letter is taken or programs run in the prefix, and with `policy` when Wine is not there or refuses. Nothing is
   * changed then.
   */
  static async attach(prefix: string, folder: string, wanted: string | undefined): Promise<WineDrive> {
    const wine = new WinePrograms(prefix);
    // Only a server that starts afterwards reads the type of the letter.
    if ((await wine.isRunning()) && !(await wine.waitForEnd(AbortSignal.timeout(SERVER_LINGER))))
      throw refuseRunning(prefix);
    for (const note of await findAbandonedNotes(prefix)) await undo(prefix, wine, note);
    const letter = await chooseLetter(prefix, wanted);
    const previousType = await readDriveType(wine, letter);
    const note: DriveNote = {
      ...{ letter, target: folder, ...describeOwner() },
      ...(previousType === undefined ? {} : { previousType }),
    };
    await writeNote(prefix, note);
    try {
      await symlink(folder, linkPath(prefix, letter));
      await writeDriveType(wine, letter, CDROM);
      await wine.waitForEnd(AbortSignal.timeout(SERVER_LINGER));
    } catch (thrown) {
      await undo(prefix, wine, note);
      throw isSystemError(thrown) && thrown.code === 'EEXIST' ? refuseLetter(prefix, letter) : thrown;
    }
    return new WineDrive(prefix, wine, note);
  }

  /** Undoes it. Rejects as `attach` does; what could not be undone is left to the next one. */
  async [Symbol.asyncDispose](): Promise<void> {
    await undo(this.#prefix, this.wine, this.#note);
    await this.wine.waitForEnd(AbortSignal.timeout(SERVER_LINGER));
  }
}

async function chooseLetter(prefix: string, wanted: string | undefined): Promise<string> {
  const names = (await readdir(join(prefix, 'dosdevices'))).map((name) => name.toLowerCase());
  // "d::" links a letter with a device.
  const isFree = (letter: string): boolean => !names.includes(`${letter}:`) && !names.includes(`${letter}::`);
  if (wanted !== undefined && !isFree(wanted)) throw refuseLetter(prefix, wanted);
  const letter = wanted ?? LETTERS.find(isFree);
  if (letter !== undefined) return letter;
  throw new IsodriveError('busy', `All drive letters of "${prefix}" are taken, expected a free one`, {
    action: 'Remove a drive with winecfg',
  });
}

/** The note goes last, so that another attempt can follow. */
async function undo(prefix: string, wine: WinePrograms, note: DriveNote): Promise<void> {
  const { letter, target, previousType } = note;
  const path = linkPath(prefix, letter);
  if ((await readLink(path)) === target) await unlink(path);
  if ((await readDriveType(wine, letter)) === CDROM && previousType !== CDROM) {
    await writeDriveType(wine, letter, previousType);
  }
  await removeNote(prefix, letter);
}

async function readLink(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch (thrown) {
    if (isSystemError(thrown) && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}

function linkPath(prefix: string, letter: string): string {
  return join(prefix, 'dosdevices', `${letter}:`);
}

function refuseRunning(prefix: string): IsodriveError {
  return new IsodriveError(
    'busy',
    `Programs run in the Wine prefix "${prefix}", expected none: Wine learns of a drive when it starts`,
    { action: `Close them, or end them: WINEPREFIX='${prefix}' wineserver -k` },
  );
}

function refuseLetter(prefix: string, letter: string): IsodriveError {
  return new IsodriveError('busy', `Drive ${letter}: of "${prefix}" is taken, expected a free letter`, {
    action: 'Choose another with --letter, or remove the drive with winecfg',
  });
}
