// Checksums of single files that a disc carries: in lists at its root, and in the array of libisofs. A file that lies in
// one piece is hashed in the pass over the image; others are read by themselves.
import { toIsodriveError } from '../../base/error.js';
import type { FileContent } from '../../filesystem/file-content.js';
import { FileReader } from '../../index/file-reader.js';
import { readExtents } from '../../index/node-record.js';
import { ROW } from '../../index/layout.js';
import type { OpenedImage } from '../../index/open-image.js';
import { openFile } from '../../present/file-content.js';
import type { Algorithm } from '../digests.js';
import { CONTENT_CHUNK_BYTES, hashContent } from '../hash-content.js';
import type { Check } from './check.js';
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
    const { path: subject, row, algorithm, digest } = listed;
    const base = { ...about, subject };
    if (row === undefined)
      found.push(settled({ ...base, status: 'missing', detail: 'the disc has no such file' }));
    else {
      const content = (): FileContent => openFile(image, row);
      found.push(gatherFile(image, base, row, algorithm, digest, content, signal));
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
    return gatherFile(image, base, row, 'md5', digest, () => openStored(image, row), options.signal);
  });
}

/** The stored bytes of a file. */
export function openStored({ index, source }: OpenedImage, row: number): FileContent {
  const extents = readExtents(index.table, row);
  return new FileReader(
    source,
    extents,
    extents.reduce((sum, { length }) => sum + length, 0),
  );
}

function gatherFile(
  { index: { table } }: OpenedImage,
  base: Base,
  row: number,
  algorithm: Algorithm,
  digest: string,
  open: () => FileContent,
  signal: AbortSignal | undefined,
): Evidence {
  const start = table.wide(row, ROW.dataLow);
  const size = table.wide(row, ROW.sizeLow);
  // Any flag stands for content that is not simply one run of the image.
  if (table.word(row, ROW.flags) === 0) {
    const hash = new RangeHash(algorithm, start, start + size);
    return { consumers: [hash], finish: () => [judge(base, algorithm, digest, hash.finish())] };
  }
  return {
    consumers: [],
    row,
    finish: async () => [judge(base, algorithm, digest, await hashPieces(open(), algorithm, signal))],
  };
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

function judge(base: Base, algorithm: Algorithm, expected: string, found: string | undefined): Check {
  if (found === undefined) return { ...base, status: 'unreadable', detail: 'parts of it cannot be read' };
  if (found === expected) return { ...base, status: 'ok', detail: `${algorithm} agrees` };
  return { ...base, status: 'mismatch', detail: `${algorithm} is ${found}, expected ${expected}` };
}
