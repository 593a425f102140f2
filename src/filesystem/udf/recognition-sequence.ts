// The volume recognition sequence (ECMA-167 2/8.3): whether a disc says that it is UDF at all, and how large its
// sectors may be.
import type { DataStream } from '../../disc/data-stream.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';

/** Sectors of 2048 bytes from the start of a session to its first descriptor, whatever the volume's sector size. */
const FIRST_SECTOR = 16;
/** Descriptors looked at; those of a bridge stand behind all of ISO 9660's. */
export const MAX_RECOGNITION_DESCRIPTORS = 64;
/** 3/9.1: second and third edition of ECMA-167. */
const IDENTIFIERS: readonly string[] = ['NSR02', 'NSR03'];
/** Sector sizes, the likeliest first; descriptors stand 2048 bytes apart in the first ones, 4096 in the others. */
export const SECTOR_SIZES: readonly number[] = [2048, 512, 1024, 4096];
const LARGE_SECTORS: readonly number[] = [4096, 2048, 512, 1024];

/**
 * Sector sizes to be tried, the likeliest first; undefined when no descriptor announces a volume of ECMA-167.
 * `sessionStart`: sector where the session starts. Descriptors have 2048 bytes, or a sector's where that is more.
 * Rejects as ByteSource.read does.
 */
export async function readRecognitionSequence(
  reader: DataStream,
  sessionStart: number,
  signal?: AbortSignal,
): Promise<readonly number[] | undefined> {
  const start = (sessionStart + FIRST_SECTOR) * SECTOR_SIZE;
  let isSpaced = false;
  for (let index = 0; index < MAX_RECOGNITION_DESCRIPTORS; index += 1) {
    const head = await readAtMost(reader, start + index * SECTOR_SIZE, 6, signal);
    if (head.length < 6) return undefined;
    const identifier = Buffer.from(head.subarray(1)).toString('latin1');
    if (IDENTIFIERS.includes(identifier)) return isSpaced ? LARGE_SECTORS : SECTOR_SIZES;
    isSpaced = head[1] === 0;
  }
  return undefined;
}
