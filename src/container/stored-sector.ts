// How the sectors of a track are stored, and the parts of a read plan that say so.
import { RUN_UNIT } from '../disc/read-plan.js';
import type { BytesSegment } from '../disc/read-plan.js';
import { SECTOR_SIZE } from '../disc/data-stream.js';
import {
  DATA_OFFSET,
  HEADLESS_BYTES,
  PAYLOAD_BYTES,
  RAW_SECTOR_SIZE,
  SUBCHANNEL_BYTES,
} from '../disc/sector-parity.js';
import type { TrackMode } from '../disc/disc.js';

/** Sub-header of CD-ROM XA. */
const SUBHEADER_BYTES = 8;

export interface StoredSector {
  /** Bytes from the start of a sector to that of the next. */
  readonly bytes: number;
  /** Where its 2048 bytes of user data are; undefined for sound. */
  readonly data: number | undefined;
  /** All 2352 bytes are stored, from its first on. */
  readonly isRaw: boolean;
  /** Where its 2336 bytes are, of a sector that is stored without sync and header. */
  readonly headless?: number;
  /** Where the 2324 bytes are that a sector of form 2 has; undefined where they are not stored. */
  readonly payload?: number;
  /** Where its 96 bytes of subchannels are; undefined where it has none. */
  readonly subchannel?: number;
  /** Sound that is stored high byte first. */
  readonly swap16?: boolean;
}

/** Bytes of a sector without subchannels, as image formats know them. */
export type SectorBytes = 2048 | 2324 | 2328 | 2332 | 2336 | 2352;

/**
 * `bytes`: without subchannels, of which `subchannelBytes` follow. Of mode 2, 2324 and 2328 bytes are the user data of
 * form 2, 2332 those and the sub-header, 2336 all but sync and header.
 */
export function storedSector(
  mode: TrackMode,
  bytes: SectorBytes,
  subchannelBytes: 0 | 16 | 96 = 0,
): StoredSector {
  const isRaw = bytes === RAW_SECTOR_SIZE;
  const header = isRaw ? DATA_OFFSET : 0;
  const hasSubheader = mode === 'xa' && (isRaw || bytes === 2336 || bytes === 2332);
  const data = header + (hasSubheader ? SUBHEADER_BYTES : 0);
  const isMode2 = mode === 'xa' || mode === 'mode2';
  return {
    bytes: bytes + subchannelBytes,
    data: mode === 'audio' ? undefined : data,
    isRaw,
    ...(isMode2 && bytes === HEADLESS_BYTES ? { headless: 0 } : {}),
    ...(mode === 'xa' && bytes >= PAYLOAD_BYTES ? { payload: data } : {}),
    ...(subchannelBytes === SUBCHANNEL_BYTES ? { subchannel: bytes } : {}),
  };
}

/** Sectors that lie one behind the other in a base. */
export interface StoredRun {
  readonly base: number;
  /** Byte of the first. */
  readonly offset: number;
  /** Logical block address of the first. */
  readonly start: number;
  readonly sectors: number;
}

/** The user data of a run, in the data stream. */
export function dataSegment(
  { base, offset, start, sectors }: StoredRun,
  { bytes, data = 0 }: StoredSector,
): BytesSegment {
  return stride({ base, offset: offset + data, start, sectors }, SECTOR_SIZE, bytes);
}

/** The whole sectors of a run, in the raw stream. */
export function rawSegment(run: StoredRun, { bytes, swap16 }: StoredSector): BytesSegment {
  const segment = stride(run, RAW_SECTOR_SIZE, bytes);
  return swap16 === true ? { ...segment, swap16 } : segment;
}

/** What of a run is stored without sync and header. */
export function headlessSegment(run: StoredRun, { bytes, headless = 0 }: StoredSector): BytesSegment {
  return stride({ ...run, offset: run.offset + headless }, HEADLESS_BYTES, bytes);
}

/** The user data of form 2. */
export function payloadSegment(run: StoredRun, { bytes, payload = 0 }: StoredSector): BytesSegment {
  return stride({ ...run, offset: run.offset + payload }, PAYLOAD_BYTES, bytes);
}

/** The subchannels of a run, in the stream of them. */
export function subchannelSegment(
  { base, offset, start, sectors }: StoredRun,
  { bytes, subchannel = 0 }: StoredSector,
): BytesSegment {
  return stride({ base, offset: offset + subchannel, start, sectors }, SUBCHANNEL_BYTES, bytes);
}

function stride({ base, offset, start, sectors }: StoredRun, unit: number, bytes: number): BytesSegment {
  const place = { kind: 'bytes', start: start * unit, length: sectors * unit, base, offset } as const;
  return unit === bytes ? { ...place, unit: RUN_UNIT, stride: RUN_UNIT } : { ...place, unit, stride: bytes };
}
