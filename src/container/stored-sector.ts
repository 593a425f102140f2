// How the sectors of a track are stored, and the parts of a read plan that say so.
import { RUN_UNIT } from '../disc/read-plan.js';
import type { BytesSegment } from '../disc/read-plan.js';
import { SECTOR_SIZE } from '../disc/data-stream.js';
import { RAW_SECTOR_SIZE } from '../disc/sector-parity.js';

export interface StoredSector {
  /** Bytes from the start of a sector to that of the next. */
  readonly bytes: number;
  /** Where its 2048 bytes of user data are; undefined for sound. */
  readonly data: number | undefined;
  /** All 2352 bytes are stored, from its first on. */
  readonly isRaw: boolean;
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
export function rawSegment(run: StoredRun, { bytes }: StoredSector): BytesSegment {
  return stride(run, RAW_SECTOR_SIZE, bytes);
}

function stride({ base, offset, start, sectors }: StoredRun, unit: number, bytes: number): BytesSegment {
  const place = { kind: 'bytes', start: start * unit, length: sectors * unit, base, offset } as const;
  return unit === bytes ? { ...place, unit: RUN_UNIT, stride: RUN_UNIT } : { ...place, unit, stride: bytes };
}
