// All sums of single files that a disc carries, by row.
import type { OpenedImage } from '../../index/open-image.js';
import type { Algorithm } from '../digests.js';
import { findListedFiles } from '../verify/listed-files.js';
import { readFileSums } from '../verify/recorded-sums.js';

export interface FileSum {
  readonly algorithm: Algorithm;
  readonly digest: string;
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
    const { row, algorithm, digest, list } = listed;
    add(row, { algorithm, digest, isStored: false, evidence: list });
  }
  const recorded = await readFileSums(image, signal);
  for (const [row, digest] of recorded?.byRow ?? [])
    add(row, { algorithm: 'md5', digest, isStored: true, evidence: 'the sums of libisofs' });
  return sums;
}
