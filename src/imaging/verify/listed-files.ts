// The files that lists on a disc speak of: at its root, as md5sum.txt of Debian and CHECKSUMS.md5 of Slackware, and
// beside a file, as airootfs.sha512 of Arch.
import { countBytes } from '../../base/byte-count.js';
import { toIsodriveError } from '../../base/error.js';
import { decodePath } from '../../base/path-text.js';
import { MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import { ROOT_ROW } from '../../index/index-table.js';
import { ROW } from '../../index/layout.js';
import type { OpenedImage } from '../../image/open-image.js';
import { openFile } from '../../image/file-content.js';
import type { Check } from './check.js';
import { MAX_LIST_BYTES, parseChecksumList } from './checksum-list.js';
import type { ListedDigest } from './checksum-list.js';
import type { Expected } from './judge-digest.js';
import { isListName, kindWord, subjectOf } from './list-names.js';

/** Symlinks from a listed name to the file: more is a loop. */
const MAX_LINKS = 8;
/** Lists of a disc that are read. */
const MAX_LISTS = 1000;

/** A line of a list. */
export interface ListedFile {
  /** Path of the list, without the first "/". */
  readonly list: string;
  /** From "/". */
  readonly path: string;
  /** Undefined where the disc has no such file. */
  readonly row: number | undefined;
  readonly expected: Expected;
}

/** A list that cannot be used, and why. */
export type UnusableList = Pick<Check, 'status' | 'detail'> & { readonly list: string };

/** The whole index must have been loaded. Rejects with `cancelled`. */
export async function findListedFiles(
  image: OpenedImage,
  signal?: AbortSignal,
): Promise<(ListedFile | UnusableList)[]> {
  const { index } = image;
  const found: (ListedFile | UnusableList)[] = [];
  for (const row of findLists(image)) {
    const list = index.path(row).slice(1);
    const bytes = await readList(image, row, signal);
    if (!(bytes instanceof Uint8Array)) {
      found.push({ list, ...bytes });
      continue;
    }
    const name = decodePath(index.table.name(row));
    const lines = parseChecksumList(bytes, kindWord(name));
    const entries: ListedFile[] = [];
    for (const line of lines) entries.push(...(await findFile(image, row, list, line)));
    found.push(...entries);
    if (entries.length > 0) continue;
    const detail =
      lines.length === 0
        ? 'found no line with a checksum in it'
        : `none of its ${lines.length} checksums is of a file of the disc`;
    found.push({ list, status: 'unchecked', detail });
  }
  return found;
}

/** Rows of files that are called like lists, those at the root first. */
function findLists({ index: { table } }: OpenedImage): number[] {
  const rows: number[] = [];
  for (let row = 0; row < table.rowCount && rows.length < MAX_LISTS; row += 1) {
    if (table.type(row) !== MODE_TYPE.regular) continue;
    if (isListName(Buffer.from(table.name(row)).toString('latin1'))) rows.push(row);
  }
  return rows.sort((a, b) => Number(isAtRoot(table, b)) - Number(isAtRoot(table, a)));
}

function isAtRoot(table: OpenedImage['index']['table'], row: number): boolean {
  return table.word(row, ROW.parent) === ROOT_ROW;
}

/**
 * The file that a line is about. Names count from the list's own folder, or else from the root. A list at the root is
 * of this disc, so that what it names and is not there is missing; others, and lines that may be prose, have to find
 * a file.
 */
async function findFile(
  image: OpenedImage,
  listRow: number,
  list: string,
  line: ListedDigest,
): Promise<ListedFile[]> {
  const { table } = image.index;
  const folder = image.index.path(table.word(listRow, ROW.parent));
  const own = subjectOf(decodePath(table.name(listRow)));
  const name = line.name === undefined ? own : decodePath(line.name);
  if (name === undefined) return [];
  for (const start of new Set([folder, '/'])) {
    const row = await resolveFile(image, `${start}/${name}`);
    if (row !== undefined) return [{ list, path: image.index.path(row), row, expected: line }];
  }
  const isMissed = isAtRoot(table, listRow) && line.name !== undefined && !line.isLoose;
  return isMissed
    ? [{ list, path: `/${name.replace(/^(?:\.?\/)+/, '')}`, row: undefined, expected: line }]
    : [];
}

/** Follows symlinks of the last name only, as far as they stay on the disc. */
async function resolveFile(image: OpenedImage, path: string): Promise<number | undefined> {
  const { index } = image;
  let at = path;
  for (let links = 0; links <= MAX_LINKS; links += 1) {
    try {
      const row = await index.resolve(at);
      const type = index.table.type(row);
      if (type === MODE_TYPE.regular) return row;
      if (type !== MODE_TYPE.symlink) return undefined;
      const target = decodePath(index.node(row).target ?? new Uint8Array());
      at = target.startsWith('/')
        ? target
        : `${index.path(row)}/../${target}`.replace(/\/[^/]*\/\.\.\//, '/');
    } catch (thrown) {
      const { code } = toIsodriveError(thrown);
      if (code === 'not-in-image' || code === 'damaged') return undefined;
      throw thrown;
    }
  }
  return undefined;
}

/** A list, or why it cannot be had. */
async function readList(
  image: OpenedImage,
  row: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | Pick<Check, 'status' | 'detail'>> {
  const reader = openFile(image, row);
  if (reader.size > MAX_LIST_BYTES)
    return { status: 'unchecked', detail: `it has ${countBytes(reader.size)}, too many` };
  const bytes = new Uint8Array(reader.size);
  try {
    await reader.read(bytes, 0, signal);
  } catch (thrown) {
    const { code, message } = toIsodriveError(thrown);
    if (code === 'damaged' || code === 'image-unreadable') return { status: 'unreadable', detail: message };
    throw thrown;
  }
  return bytes;
}
