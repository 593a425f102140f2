// Checksums of single files that a disc carries: in lists at its root, and in the array of libisofs. A file that lies
// in one piece is hashed in the pass over the image; others are read by themselves.
import { toIsodriveError } from '../../base/error.js';
import type { FileContent } from '../../filesystem/contract/file-content.js';
import { FileReader } from '../../image/file-reader.js';
import { RowExtents } from '../../index/row-extents.js';
import { ROW } from '../../index/layout.js';
import type { OpenedImage } from '../../image/open-image.js';
import { openFile } from '../../image/file-content.js';
import type { Algorithm } from '../hash/digests.js';
import { CONTENT_CHUNK_BYTES, hashContent } from '../hash/hash-content.js';
import type { Check } from './check.js';
import { judgeDigest } from './judge-digest.js';
import type { Expected } from './judge-digest.js';
import { findListedFiles } from './listed-files.js';
import { RangeHash } from './range-hash.js';
import { readFileSums } from './recorded-sums.js';
import type { Evidence, VerifyContext } from './evidence.js';
import { settled } from './evidence.js';

type Base = Pick<Check, 'kind' | 'evidence' | 'subject'>;

export async function gatherInside({ image, options }: VerifyContext): Promise<Evidence[]> {
  const { signal } = options;
  const found: Evidence[] = [];
  for (const listed of await findListedFiles(image, signal)) {
    const about = { kind: 'checksum', evidence: `${listed.list} on the disc` } as const;
    if (!('path' in listed)) {
      const { list, status, detail } = listed;
      found.push(settled({ ...about, subject: `/${list}`, status, detail }));
      continue;
    }
    const { path: subject, row, expected } = listed;
    const base = { ...about, subject };
    if (row === undefined)
      found.push(settled({ ...base, status: 'missing', detail: 'the disc has no such file' }));
    else {
      const content = (): FileContent => openFile(image, row);
      found.push(gatherFile(image, base, row, expected, content, signal));
    }
  }
  return found;
}

/** What libisofs has recorded is about the bytes as they are stored. */
export async function gatherRecordedSums({ image, options }: VerifyContext): Promise<Evidence[]> {
  const sums = await readFileSums(image, options.signal);
  if (sums === undefined) return [];
  const about = { kind: 'libisofs', evidence: 'sums of libisofs' } as const;
  if (sums.fault !== undefined)
    return [settled({ ...about, subject: 'image', status: 'mismatch', detail: sums.fault })];
  return Array.from(sums.byRow, ([row, digest]) => {
    const base = { ...about, subject: image.index.path(row) };
    const expected: Expected = { algorithms: ['md5'], digest, kind: 'md5' };
    return gatherFile(image, base, row, expected, () => openStored(image, row), options.signal);
  });
}

/** The stored bytes of a file. */
export function openStored({ index, data }: OpenedImage, row: number): FileContent {
  const extents = new RowExtents(index.table, row);
  return new FileReader(data, extents, extents.bytes, index);
}

function gatherFile(
  { index: { table }, data }: OpenedImage,
  base: Base,
  row: number,
  expected: Expected,
  open: () => FileContent,
  signal: AbortSignal | undefined,
): Evidence {
  const size = table.wide(row, ROW.sizeLow);
  const read = (algorithm: Algorithm): Promise<string | undefined> => hashPieces(open(), algorithm, signal);
  const [likeliest] = expected.algorithms;
  if (likeliest === undefined)
    return { consumers: [], finish: async () => [{ ...base, ...(await judgeDigest(expected, read)) }] };
  // Any flag stands for content that is not simply one run of the disc.
  const start =
    table.word(row, ROW.flags) === 0 ? data.locate(table.wide(row, ROW.dataLow), size) : undefined;
  if (start !== undefined) {
    const hash = new RangeHash(likeliest, start, start + size);
    const find = (algorithm: Algorithm): string | undefined | Promise<string | undefined> =>
      algorithm === likeliest ? hash.finish() : read(algorithm);
    return { consumers: [hash], finish: async () => [{ ...base, ...(await judgeDigest(expected, find)) }] };
  }
  return { consumers: [], row, finish: async () => [{ ...base, ...(await judgeDigest(expected, read)) }] };
}

async function hashPieces(
  content: FileContent,
  algorithm: Algorithm,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    const buffer = new Uint8Array(CONTENT_CHUNK_BYTES);
    return (await hashContent(content, [algorithm], buffer, signal))[algorithm];
  } catch (thrown) {
    const { code } = toIsodriveError(thrown);
    if (code === 'damaged' || code === 'image-unreadable') return undefined;
    throw thrown;
  }
}
