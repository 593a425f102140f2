// Reads a source again and compares it with the image made of it, sector by sector. What differs is read once more:
// a drive that is not sure of a sector gives it differently each time.
import { throwIfAborted } from '../../base/abortable.js';
import type { ByteSource } from '../../source/byte-source.js';
import { RescueMap } from '../../source/rescue-map/rescue-map.js';
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import { isBadPlace, tryToRead } from './medium-fault.js';
import { CHUNK_SECTORS } from './rescuer.js';
import type { ReadBack } from './sequential-hasher.js';

export interface CompareBackOptions {
  /** Bytes of the image; those that `map` does not call read are passed over. */
  readonly size: number;
  readonly map: RescueMap;
  /** Of a sector. */
  readonly sectorBytes: number;
  readonly readBack: ReadBack;
  readonly onProgress?: ((bytesDone: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sectors of the image that the source does not give again, in order, neighbours joined. Rejects with
 * `image-unreadable` when the source is gone, and `cancelled`.
 */
export async function compareBack(source: ByteSource, options: CompareBackOptions): Promise<ByteRange[]> {
  const { size, map, sectorBytes, signal } = options;
  const chunkBytes = CHUNK_SECTORS * sectorBytes;
  const ours = new Uint8Array(chunkBytes);
  const theirs = new Uint8Array(chunkBytes);
  // Its "read" stands for "the same", which joins neighbours for us.
  const same = new RescueMap(size);
  for (const gap of map.missing(size)) same.mark(gap.position, gap.size, '+');
  for (let gap = same.nextFrom(0, '?'); gap !== undefined; gap = same.nextFrom(gap.position, '?')) {
    throwIfAborted(signal);
    const range = { position: gap.position, size: Math.min(gap.size, chunkBytes) };
    const image = ours.subarray(0, range.size);
    const isThere = await tryToReadBack(options.readBack, image, range.position);
    const disc = theirs.subarray(0, range.size);
    const isRead = isThere && (await tryToRead(source, disc, range.position, signal));
    if (isRead && Buffer.compare(image, disc) === 0) same.mark(range.position, range.size, '+');
    else await compareSectors(source, range, options, same);
    options.onProgress?.(range.position + range.size);
  }
  return same.missing(size);
}

/** Marks each sector of a range: the same, or not. */
async function compareSectors(
  source: ByteSource,
  range: ByteRange,
  { readBack, sectorBytes, signal }: CompareBackOptions,
  same: RescueMap,
): Promise<void> {
  const buffers = [new Uint8Array(sectorBytes), new Uint8Array(sectorBytes)] as const;
  for (let at = 0; at < range.size; at += sectorBytes) {
    throwIfAborted(signal);
    const size = Math.min(sectorBytes, range.size - at);
    const [ours, theirs] = [buffers[0].subarray(0, size), buffers[1].subarray(0, size)];
    const isThere = await tryToReadBack(readBack, ours, range.position + at);
    const isRead = isThere && (await tryToRead(source, theirs, range.position + at, signal));
    const isSame = isRead && Buffer.compare(ours, theirs) === 0;
    same.mark(range.position + at, size, isSame ? '+' : '-');
  }
}

async function tryToReadBack(readBack: ReadBack, target: Uint8Array, position: number): Promise<boolean> {
  try {
    await readBack(target, position);
    return true;
  } catch (thrown) {
    if (isBadPlace(thrown)) return false;
    throw thrown;
  }
}
