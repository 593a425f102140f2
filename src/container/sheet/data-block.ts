// Where on the disc the sectors of a data track say that they are: many sheets do not.
import { SYNC } from '../../disc/raw-sector.js';
import { parseHeader } from '../../disc/sector-address.js';
import { RAW_SECTOR_SIZE, SYNC_LENGTH } from '../../disc/sector-parity.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readIfPossible } from '../../source/read-fully.js';

/** Sectors of a track that are looked at, in pairs: the first, and those with volume descriptors. */
const PAIRS = [0, 16];

/**
 * Logical block address of the sector at `offset`; undefined where no two that follow each other agree. `stride`: bytes
 * from one sector to the next.
 */
export async function findBlock(
  source: ByteSource,
  offset: number,
  stride: number,
  signal?: AbortSignal,
): Promise<number | undefined> {
  if (stride < RAW_SECTOR_SIZE) return undefined;
  for (const first of PAIRS) {
    const pair = await readIfPossible(source, offset + first * stride, 2 * stride, signal);
    const [block, next] = [blockOf(pair), blockOf(pair.subarray(stride))];
    if (block !== undefined && next === block + 1) return block - first;
  }
  return undefined;
}

function blockOf(sector: Uint8Array): number | undefined {
  if (sector.length < RAW_SECTOR_SIZE || SYNC.compare(sector, 0, SYNC_LENGTH) !== 0) return undefined;
  return parseHeader(sector.subarray(SYNC_LENGTH))?.block;
}
