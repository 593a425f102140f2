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
  if (counts.xa < 2 || right < 2 || right < counts.xa) return undefined;
  return { ...storedSector('xa', HEADLESS_BYTES), mode: 'xa', start: 0, right };
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
  const total = Math.floor(source.size / bytes);
  const spread = Array.from({ length: SAMPLES }, (_, i) => Math.floor((total * i) / SAMPLES));
  const sector = Buffer.alloc(RAW_SECTOR_SIZE);
  const at = isHeadless ? DATA_OFFSET : 0;
  SYNC.copy(sector);
  // Of the header, parity of mode 2 takes nothing but zeros.
  if (isHeadless) sector[DATA_OFFSET - 1] = 2;
  for (const number of new Set([first, first + 1, 16, 17, ...spread])) {
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
