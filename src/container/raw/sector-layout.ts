// How the sectors of an image without a sheet are stored, told by a few of them: sync pattern, header, and whether
// their error detection codes are right.
import { checkRawSector, SYNC } from '../../disc/raw-sector.js';
import type { SectorKind } from '../../disc/raw-sector.js';
import { isScrambled, parseHeader } from '../../disc/sector-address.js';
import { DATA_OFFSET, RAW_SECTOR_SIZE, SYNC_LENGTH } from '../../disc/sector-parity.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readIfPossible } from '../../source/read-fully.js';
import { storedSector } from '../stored-sector.js';
import type { StoredSector } from '../stored-sector.js';

/** Bytes behind a sector: none, the Q subchannel, all subchannels. */
const SUBCHANNEL_SIZES = [0, 16, 96] as const;
/** Mode 2 without sync and header. */
const HEADLESS_BYTES = 2336;
/** The same, and of form 1 without the end of its parity: sub-header and 2324 bytes. */
const SHORT_BYTES = 2332;
/** Half of a sub-header: file, channel, submode, coding. */
const SUBHEADER_HALF = 4;
/** Bits of the submode that say what is in a sector, one of them at a time (CD-ROM XA II 4.3.2.3). */
const CONTENTS = [0x02, 0x04, 0x08];
const CONTENT_BITS = 0x0e;
/** Sectors with a sub-header that are seen before they are believed to be such. */
const LEAST_SUBHEADERS = 8;
/**
 * First sectors of the pairs that are looked at: the start, the volume descriptors, those behind a pause of 2
 * seconds.
 */
const PAIRS = [0, 16, 166];
/** Sectors spread over the image whose mode and codes are looked at. */
const SAMPLES = 8;

export interface SectorLayout extends StoredSector {
  /** Mode of the sectors with user data. */
  readonly mode: 'mode1' | 'mode2' | 'xa';
  /** Logical block address of the first sector; negative where it is in the pause before the first track. */
  readonly start: number;
  /** Codes that were right, of the sectors looked at. */
  readonly right: number;
}

/** Undefined where no sectors are recognised. Rejects as ByteSource.read does, but for bad places. */
export async function findSectorLayout(
  source: ByteSource,
  signal?: AbortSignal,
): Promise<SectorLayout | 'scrambled' | undefined> {
  for (const subchannelBytes of SUBCHANNEL_SIZES) {
    const bytes = RAW_SECTOR_SIZE + subchannelBytes;
    const first = await findSyncPair(source, bytes, signal);
    if (first === undefined) continue;
    if (isScrambled(first.sector)) return 'scrambled';
    const kinds = await sampleKinds(source, bytes, first.number, false, signal);
    const isMode1 = kinds.counts.mode1 > 0 || kinds.counts.xa + kinds.counts.mode2 === 0;
    const mode = isMode1 ? 'mode1' : kinds.counts.xa > 0 ? 'xa' : 'mode2';
    const start = first.block === undefined ? 0 : first.block - first.number;
    return { ...storedSector(mode, RAW_SECTOR_SIZE, subchannelBytes), mode, start, right: kinds.right };
  }
  const { counts, right } = await sampleKinds(source, HEADLESS_BYTES, 0, true, signal);
  // Nothing but the codes tells them from any other bytes.
  if (counts.xa >= 2 && right >= 2 && right >= counts.xa)
    return { ...storedSector('xa', HEADLESS_BYTES), mode: 'xa', start: 0, right };
  const seen = await countSubheaders(source, signal);
  if (seen < LEAST_SUBHEADERS) return undefined;
  return { ...storedSector('xa', SHORT_BYTES), mode: 'xa', start: 0, right: seen };
}

/** Sectors of SHORT_BYTES with a sub-header, of those looked at; 0 where one has none. They have no code that tells. */
async function countSubheaders(source: ByteSource, signal: AbortSignal | undefined): Promise<number> {
  if (source.size % SHORT_BYTES !== 0) return 0;
  let seen = 0;
  for (const number of spreadSectors(Math.floor(source.size / SHORT_BYTES), [0, 1, 2, 16, 17, 18])) {
    const bytes = await readIfPossible(source, number * SHORT_BYTES, 3 * SUBHEADER_HALF, signal);
    if (bytes.every((byte) => byte === 0)) continue;
    if (!isSubheader(Buffer.from(bytes))) return 0;
    seen += 1;
  }
  return seen;
}

/** Twice the same four bytes, as no other data have them, and not what goes on behind them. */
function isSubheader(bytes: Buffer): boolean {
  const half = SUBHEADER_HALF;
  if (bytes.length < 3 * half) return false;
  const isTwice = bytes.compare(bytes, half, 2 * half, 0, half) === 0;
  const goesOn = bytes.compare(bytes, 2 * half, 3 * half, half, 2 * half) === 0;
  return isTwice && !goesOn && CONTENTS.includes(bytes[2]! & CONTENT_BITS);
}

/** The first ones, and some over all of the image. */
function spreadSectors(total: number, first: readonly number[]): Set<number> {
  const spread = Array.from({ length: SAMPLES }, (_, i) => Math.floor((total * i) / SAMPLES));
  return new Set([...first, ...spread].filter((number) => number < total));
}

interface FoundSector {
  readonly number: number;
  readonly sector: Buffer;
  /** Address in its header; undefined where that of the next sector does not follow it. */
  readonly block: number | undefined;
}

async function findSyncPair(
  source: ByteSource,
  bytes: number,
  signal: AbortSignal | undefined,
): Promise<FoundSector | undefined> {
  for (const number of PAIRS) {
    const pair = Buffer.from(await readIfPossible(source, number * bytes, bytes + RAW_SECTOR_SIZE, signal));
    if (pair.length < bytes + RAW_SECTOR_SIZE) continue;
    const [sector, next] = [pair.subarray(0, RAW_SECTOR_SIZE), pair.subarray(bytes)];
    if (![sector, next].every((one) => SYNC.equals(one.subarray(0, SYNC_LENGTH)))) continue;
    const [block, nextBlock] = [sector, next].map((one) => parseHeader(one.subarray(SYNC_LENGTH))?.block);
    return { number, sector, block: block !== undefined && nextBlock === block + 1 ? block : undefined };
  }
  return undefined;
}

interface SampledKinds {
  readonly counts: Readonly<Record<'mode1' | 'mode2' | 'xa', number>>;
  readonly right: number;
}

const MODES: Readonly<Partial<Record<SectorKind, 'mode1' | 'mode2' | 'xa'>>> = {
  'mode 1': 'mode1',
  'mode 2': 'mode2',
  'mode 2 form 1': 'xa',
  'mode 2 form 2': 'xa',
};

async function sampleKinds(
  source: ByteSource,
  bytes: number,
  first: number,
  isHeadless: boolean,
  signal: AbortSignal | undefined,
): Promise<SampledKinds> {
  const counts = { mode1: 0, mode2: 0, xa: 0 };
  let right = 0;
  const sector = Buffer.alloc(RAW_SECTOR_SIZE);
  const at = isHeadless ? DATA_OFFSET : 0;
  SYNC.copy(sector);
  // Of the header, parity of mode 2 takes nothing but zeros.
  if (isHeadless) sector[DATA_OFFSET - 1] = 2;
  for (const number of spreadSectors(Math.floor(source.size / bytes), [first, first + 1, 16, 17])) {
    const found = await readIfPossible(source, number * bytes, RAW_SECTOR_SIZE - at, signal);
    // The codes of nothing but zeros are right, and say nothing.
    if (found.length < RAW_SECTOR_SIZE - at || found.every((byte) => byte === 0)) continue;
    sector.set(found, at);
    const { kind, fault, isChecked } = checkRawSector(sector);
    const mode = MODES[kind];
    if (mode === undefined || (isHeadless && mode !== 'xa')) continue;
    counts[mode] += 1;
    if (isChecked && fault === undefined) right += 1;
  }
  return { counts, right };
}
