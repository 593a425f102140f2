// The files that lists at the root of a disc speak of, as Debian and Ubuntu have them in md5sum.txt.
import { toIsodriveError } from '../../base/error.js';
import { MODE_TYPE } from '../../filesystem/file-tree.js';
import { ROOT_ROW } from '../../index/index-table.js';
import type { OpenedImage } from '../../index/open-image.js';
import { openFile } from '../../present/file-content.js';
import type { Algorithm } from '../digests.js';
import type { Check } from './check.js';
import { MAX_LIST_BYTES, parseChecksumList } from './checksum-list.js';
import { isListName } from './list-names.js';

/** Symlinks from a listed name to the file: more is a loop. */
const MAX_LINKS = 8;

/** A line of a list. */
export interface ListedFile {
  /** Name of the list. */
  readonly list: string;
  /** From "/". */
  readonly path: string;
  /** Undefined where the disc has no such file. */
  readonly row: number | undefined;
  readonly algorithm: Algorithm;
  readonly digest: string;
}

/** A list that cannot be used, and why. */
export type UnusableList = Pick<Check, 'status' | 'detail'> & { readonly list: string };

/** Rejects with `cancelled`. */
export async function findListedFiles(
  image: OpenedImage,
  signal?: AbortSignal,
): Promise<(ListedFile | UnusableList)[]> {
  const { table } = image.index;
  const { first, count } = await image.index.children(ROOT_ROW);
  const found: (ListedFile | UnusableList)[] = [];
  for (let row = first; row < first + count; row += 1) {
    const list = new TextDecoder().decode(table.name(row));
    if (!isListName(list) || table.type(row) !== MODE_TYPE.regular) continue;
    const text = await readText(image, row, signal);
    if (typeof text !== 'string') {
      found.push({ list, ...text });
      continue;
    }
    for (const { name, algorithm, digest } of parseChecksumList(text, list)) {
      if (name === undefined) continue;
      const path = `/${name.replace(/^(?:\.?\/)+/, '')}`;
      found.push({ list, path, row: await resolveFile(image, name), algorithm, digest });
    }
  }
  return found;
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
      const target = new TextDecoder().decode(index.node(row).target);
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

/** The text of a list, or why it cannot be had. */
async function readText(
  image: OpenedImage,
  row: number,
  signal: AbortSignal | undefined,
): Promise<string | Pick<Check, 'status' | 'detail'>> {
  const reader = openFile(image, row);
  if (reader.size > MAX_LIST_BYTES)
    return { status: 'unchecked', detail: `it has ${reader.size} bytes, too many` };
  const bytes = new Uint8Array(reader.size);
  try {
    await reader.read(bytes, 0, signal);
  } catch (thrown) {
    const { code, message } = toIsodriveError(thrown);
    if (code === 'damaged' || code === 'image-unreadable') return { status: 'unreadable', detail: message };
    throw thrown;
  }
  return new TextDecoder().decode(bytes);
}
