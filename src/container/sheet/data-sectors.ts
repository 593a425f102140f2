// What the sectors of a data track say of themselves: their mode, and where on the disc they are. Sheets are often
// wrong about the first, and many say nothing of the second.
import { SYNC } from '../../disc/raw-sector.js';
import { parseHeader } from '../../disc/sector-address.js';
import { DATA_OFFSET, RAW_SECTOR_SIZE, SYNC_LENGTH } from '../../disc/sector-parity.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readIfPossible } from '../../source/read-fully.js';

/** Sectors of a track that are looked at, in pairs: the first, and those with volume descriptors. */
const PAIRS = [0, 16];
/** Sub-header of CD-ROM XA, which stands twice. */
const SUBHEADER_BYTES = 4;
const HEADLESS_BYTES = 2336;

export type DataMode = 'mode1' | 'mode2' | 'xa';

export interface LookedSectors {
  /** Undefined where none says. */
  readonly mode: DataMode | undefined;
  /** Logical block address of the first; undefined where two that follow each other do not agree. */
  readonly block: number | undefined;
}

/** `bytes`: of a sector, from one to the next. Nothing is known of those that hold user data only. */
export async function lookAtSectors(
  source: ByteSource,
  offset: number,
  bytes: number,
  signal?: AbortSignal,
): Promise<LookedSectors> {
  let mode: DataMode | undefined;
  let block: number | undefined;
  for (const first of PAIRS) {
    const pair = await readIfPossible(source, offset + first * bytes, 2 * bytes, signal);
    const looked = [0, 1].map((i) => lookAt(Buffer.from(pair.subarray(i * bytes, (i + 1) * bytes)), bytes));
    for (const one of looked) if (mode === undefined || one.mode === 'xa') mode = one.mode ?? mode;
    const [one, next] = looked.map((found) => found.block);
    if (one !== undefined && next === one + 1) block ??= one - first;
  }
  return { mode, block };
}

function lookAt(sector: Buffer, bytes: number): LookedSectors {
  if (bytes >= RAW_SECTOR_SIZE) return lookAtRaw(sector);
  const isHeadless = bytes === HEADLESS_BYTES && sector.length === bytes && sector.some((byte) => byte !== 0);
  return { mode: isHeadless ? modeOfSubheader(sector, 0) : undefined, block: undefined };
}

function lookAtRaw(sector: Buffer): LookedSectors {
  if (sector.length < RAW_SECTOR_SIZE || SYNC.compare(sector, 0, SYNC_LENGTH) !== 0)
    return { mode: undefined, block: undefined };
  const header = parseHeader(sector.subarray(SYNC_LENGTH));
  const number = sector[DATA_OFFSET - 1];
  const isKnown = number === 1 || number === 2;
  const mode = number === 1 ? 'mode1' : modeOfSubheader(sector, DATA_OFFSET);
  return { mode: isKnown ? mode : undefined, block: header?.block };
}

function modeOfSubheader(sector: Buffer, at: number): 'xa' | 'mode2' {
  const second = at + SUBHEADER_BYTES;
  return sector.compare(sector, second, second + SUBHEADER_BYTES, at, second) === 0 ? 'xa' : 'mode2';
}
