// Finds the sheet beside a data file that was opened in its stead: `mount game.bin` gives the disc of game.cue.
import { IsodriveError } from '../../base/error.js';
import type { ByteSource } from '../../source/byte-source.js';
import { foldName, withoutFolders } from '../../source/image-files.js';
import type { ImageFiles } from '../../source/image-files.js';
import type { VolumeMarks } from '../volume-marks.js';
import { readSheetText } from './sheet-text.js';
import type { SheetText } from './sheet-text.js';

/** Sheets that are looked into. */
const MAX_CANDIDATES = 4;
/** Names of files that never hold plain sectors for sure, and of those that mostly do. */
const DATA_NAMES = /\.(bin|raw)$/i;
const PLAIN_NAMES = /\.(img|iso)$/i;

/** How a format's sheets are told, and what they name. */
export interface SheetKind {
  /** How names of sheets end, such as ".cue". */
  readonly ending: string;
  /** Files that a sheet names, as it has them; undefined for what is no sheet of the kind. */
  listFiles(text: SheetText): readonly string[] | undefined;
}

/** A sheet, and whether the image was opened by it. */
export interface FoundSheet {
  readonly source: ByteSource;
  readonly text: SheetText;
  readonly isMain: boolean;
}

/**
 * The sheet that was opened, or that names the file that was. `marks`: a file of plain sectors is one for sure, so
 * that its folder is not listed; where absent, the file is known to have a sheet. Rejects as ByteSource.read does.
 */
export async function findSheet(
  files: ImageFiles,
  kind: SheetKind,
  marks: VolumeMarks | undefined,
  signal?: AbortSignal,
): Promise<FoundSheet | undefined> {
  const { main, mainName } = files;
  const isNamedPlain = PLAIN_NAMES.test(mainName);
  if (isNamedPlain && marks !== undefined && (await marks.look(main, signal)) === 3) return undefined;
  if (isNamedPlain || DATA_NAMES.test(mainName)) {
    const sheets = await files.find(kind.ending, signal);
    for (const name of chooseCandidates(sheets, mainName, kind.ending)) {
      const found = await lookInto(files, name, kind, signal);
      if (found !== undefined) return found;
    }
  }
  const text = await readSheetText(main, signal);
  if (text === undefined || kind.listFiles(text) === undefined) return undefined;
  return { source: main, text, isMain: true };
}

/** Those whose stem the name begins with, the longest first; or all, where they are few; or what may be there. */
function chooseCandidates(sheets: readonly string[], mainName: string, ending: string): readonly string[] {
  const folded = foldName(mainName);
  // A folder may let us in without listing it.
  if (sheets.length === 0) return [`${mainName.replace(/\.[^.]*$/, '')}${ending}`];
  const likely = sheets.filter((name) => folded.startsWith(foldName(name.slice(0, -ending.length))));
  const chosen = likely.length === 0 && sheets.length <= MAX_CANDIDATES ? sheets : likely;
  return [...chosen].sort((a, b) => b.length - a.length).slice(0, MAX_CANDIDATES);
}

async function lookInto(
  files: ImageFiles,
  name: string,
  kind: SheetKind,
  signal: AbortSignal | undefined,
): Promise<FoundSheet | undefined> {
  try {
    const source = await files.open(name, signal);
    const text = source === undefined ? undefined : await readSheetText(source, signal);
    const listed = text === undefined ? undefined : kind.listFiles(text);
    if (source === undefined || text === undefined || listed === undefined) return undefined;
    const isNamed = listed.some((one) => namesFile(text, one, files.mainName));
    const isStale = !isNamed && listed.length === 1 && isSameStem(name, files.mainName, kind.ending);
    if (!isNamed && !(isStale && (await isMissing(files, text, listed[0]!, signal)))) return undefined;
    return { source, text, isMain: false };
  } catch (thrown) {
    if (thrown instanceof IsodriveError && thrown.code !== 'cancelled') return undefined;
    throw thrown;
  }
}

function namesFile(text: SheetText, part: string, name: string): boolean {
  return text.fileNames(part).some((one) => foldName(withoutFolders(one) ?? '') === foldName(name));
}

function isSameStem(sheet: string, data: string, ending: string): boolean {
  const stem = foldName(sheet.slice(0, -ending.length));
  return foldName(data.replace(/\.[^.]*$/, '')) === stem;
}

async function isMissing(
  files: ImageFiles,
  text: SheetText,
  part: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (const name of text.fileNames(part)) if ((await files.open(name, signal)) !== undefined) return false;
  return true;
}
