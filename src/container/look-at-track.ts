// What the sectors of a track are, by a look at a few of them: descriptors often call a track by the wrong mode.
import type { TrackMode } from '../disc/disc.js';
import { SYNC } from '../disc/raw-sector.js';
import { isScrambled } from '../disc/sector-address.js';
import { DATA_OFFSET, RAW_SECTOR_SIZE, SYNC_LENGTH } from '../disc/sector-parity.js';
import type { ByteSource } from '../source/byte-source.js';
import { readIfPossible } from '../source/read-fully.js';

/** Mode 2 without sync and header. */
const HEADLESS_BYTES = 2336;
/** ECMA-130 14.2: behind the three bytes of the address. */
const MODE_OFFSET = DATA_OFFSET - 1;
/** Half of the sub-header of CD-ROM XA, whose second half repeats the first. */
const SUBHEADER_HALF = 4;

/** Sectors of a track, one behind the other in a file. */
export interface SectorRun {
  /** Byte of the first. */
  readonly offset: number;
  readonly sectors: number;
  /** Bytes of each that are not subchannels. */
  readonly bytes: number;
  /** Bytes from one to the next. */
  readonly stride: number;
}

/**
 * Undefined where nothing tells: sectors with neither header nor sub-header, or of zeros alone. Rejects as
 * ByteSource.read does, but for bad places.
 */
export async function seeMode(
  source: ByteSource,
  { offset, sectors, bytes, stride }: SectorRun,
  signal?: AbortSignal,
): Promise<TrackMode | undefined> {
  if (bytes !== RAW_SECTOR_SIZE && bytes !== HEADLESS_BYTES) return undefined;
  const seen: TrackMode[] = [];
  for (const number of new Set([0, 1, 16, Math.floor(sectors / 2)])) {
    if (number >= sectors) continue;
    const sector = await readIfPossible(source, offset + number * stride, bytes, signal);
    if (sector.length < bytes || sector.every((byte) => byte === 0)) continue;
    const mode = bytes === RAW_SECTOR_SIZE ? modeOf(sector) : formOf(sector);
    if (mode !== undefined) seen.push(mode);
  }
  const data = seen.filter((mode) => mode !== 'audio');
  if (data.length * 2 < seen.length) return 'audio';
  // A sector without a form may stand among those that have one, and does not make others of them.
  return data.find((mode) => mode !== 'mode2') ?? data[0];
}

/** Undefined for what a drive would not give: an empty sector (mode 0), or one that is scrambled. */
function modeOf(sector: Uint8Array): TrackMode | undefined {
  if (SYNC.compare(sector, 0, SYNC_LENGTH) !== 0) return 'audio';
  if (isScrambled(sector)) return undefined;
  const mode = sector[MODE_OFFSET];
  if (mode === 1) return 'mode1';
  return mode === 2 ? formOf(sector.subarray(DATA_OFFSET)) : undefined;
}

/** `bytes`: from the place of the sub-header on. */
function formOf(bytes: Uint8Array): TrackMode {
  for (let i = 0; i < SUBHEADER_HALF; i += 1) if (bytes[i] !== bytes[i + SUBHEADER_HALF]) return 'mode2';
  return 'xa';
}
