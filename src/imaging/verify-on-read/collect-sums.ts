// All sums of single files that a disc carries, by row.
import type { OpenedImage } from '../../image/open-image.js';
import type { Expected } from '../verify/judge-digest.js';
import { findListedFiles } from '../verify/listed-files.js';
import { readFileSums } from '../verify/recorded-sums.js';

export interface FileSum {
  readonly expected: Expected;
  /** It is about the bytes as they are stored, not as they are shown. */
  readonly isStored: boolean;
  /** Where it stands, for people. */
  readonly evidence: string;
}

/** The index must have been loaded. Rejects with `cancelled`, and `image-unreadable` where the medium fails. */
export async function collectSums(image: OpenedImage, signal?: AbortSignal): Promise<Map<number, FileSum[]>> {
  const sums = new Map<number, FileSum[]>();
  const add = (row: number, sum: FileSum): void => {
    const own = sums.get(row);
    if (own === undefined) sums.set(row, [sum]);
    else own.push(sum);
  };
  for (const listed of await findListedFiles(image, signal)) {
    if (!('path' in listed) || listed.row === undefined) continue;
    const { row, expected, list } = listed;
    // What cannot be computed proves nothing.
    if (expected.algorithms.length > 0) add(row, { expected, isStored: false, evidence: list });
  }
  const recorded = await readFileSums(image, signal);
  for (const [row, digest] of recorded?.byRow ?? []) {
    const expected: Expected = { algorithms: ['md5'], digest, kind: 'md5' };
    add(row, { expected, isStored: true, evidence: 'the sums of libisofs' });
  }
  return sums;
}
