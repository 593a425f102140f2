// Checksums of files in lists at the root of the disc, as Debian and Ubuntu have them in md5sum.txt. A file that lies
// in one piece is hashed in the pass over the image; others are read by themselves.
import { toIsodriveError } from '../../base/error.js';
import { MODE_TYPE } from '../../filesystem/file-tree.js';
import { ROOT_ROW } from '../../index/index-table.js';
import { ROW } from '../../index/layout.js';
import type { OpenedImage } from '../../index/open-image.js';
import { openFile } from '../../present/file-content.js';
import { DigestSet } from '../digests.js';
import type { Algorithm } from '../digests.js';
import type { Check } from './check.js';
import { MAX_LIST_BYTES, parseChecksumList } from './checksum-list.js';
import type { ListedDigest } from './checksum-list.js';
import { isListName } from './list-names.js';
import { RangeHash } from './range-hash.js';
import type { Evidence, VerifyContext } from './evidence.js';
import { settled } from './evidence.js';

/** Bytes of a read of a file in pieces. */
const CHUNK_BYTES = 1_048_576;
/** Symlinks from a listed name to the file: more is a loop. */
const MAX_LINKS = 8;

export async function gatherInside({ image, options }: VerifyContext): Promise<Evidence[]> {
  const { table } = image.index;
  const { first, count } = await image.index.children(ROOT_ROW);
  const found: Evidence[] = [];
  for (let row = first; row < first + count; row += 1) {
    const name = new TextDecoder().decode(table.name(row));
    if (!isListName(name) || table.type(row) !== MODE_TYPE.regular) continue;
    const text = await readText(image, row, options.signal);
    if (typeof text !== 'string') {
      found.push(settled({ ...describe(name, `/${name}`), ...text }));
      continue;
    }
    for (const listed of parseChecksumList(text, name)) {
      if (listed.name !== undefined)
        found.push(await gatherFile(image, name, listed.name, listed, options.signal));
    }
  }
  return found;
}

async function gatherFile(
  image: OpenedImage,
  list: string,
  path: string,
  { algorithm, digest }: ListedDigest,
  signal: AbortSignal | undefined,
): Promise<Evidence> {
  const base = describe(list, `/${path.replace(/^(?:\.?\/)+/, '')}`);
  const row = await resolveFile(image, path);
  if (row === undefined) return settled({ ...base, status: 'missing', detail: 'the disc has no such file' });
  const { table } = image.index;
  const start = table.wide(row, ROW.dataLow);
  const size = table.wide(row, ROW.sizeLow);
  // Any flag stands for content that is not simply one run of the image.
  if (table.word(row, ROW.flags) === 0) {
    const hash = new RangeHash(algorithm, start, start + size);
    return { consumers: [hash], finish: () => [judge(base, algorithm, digest, hash.finish())] };
  }
  return {
    consumers: [],
    finish: async () => [judge(base, algorithm, digest, await hashPieces(image, row, algorithm, signal))],
  };
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

async function hashPieces(
  image: OpenedImage,
  row: number,
  algorithm: Algorithm,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const reader = openFile(image, row);
  const digests = new DigestSet([algorithm]);
  const buffer = new Uint8Array(CHUNK_BYTES);
  try {
    for (let position = 0; position < reader.size;) {
      const got = await reader.read(buffer, position, signal);
      digests.update(buffer.subarray(0, got));
      position += got;
    }
  } catch (thrown) {
    const { code } = toIsodriveError(thrown);
    if (code === 'damaged' || code === 'image-unreadable') return undefined;
    throw thrown;
  }
  return digests.finish()[algorithm];
}

function judge(
  base: ReturnType<typeof describe>,
  algorithm: Algorithm,
  expected: string,
  found: string | undefined,
): Check {
  if (found === undefined) return { ...base, status: 'unreadable', detail: 'parts of it cannot be read' };
  if (found === expected) return { ...base, status: 'ok', detail: `${algorithm} agrees` };
  return { ...base, status: 'mismatch', detail: `${algorithm} is ${found}, expected ${expected}` };
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

function describe(list: string, subject: string): Pick<Check, 'kind' | 'evidence' | 'subject'> {
  return { kind: 'checksum', evidence: `${list} on the disc`, subject };
}
