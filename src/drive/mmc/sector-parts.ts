// Which bytes of a sector READ CD sends: MAIN CHANNEL SELECTION for each kind of sector (MMC-6 6.19.3). Pure.
import type { TrackMode } from '../../disc/disc.js';
import { DATA_OFFSET, EDC_OFFSET, RAW_SECTOR_SIZE, SYNC_LENGTH } from '../../disc/sector-parity.js';
import { FORM_1_DATA_OFFSET } from '../../disc/sector-code.js';

export type SectorKind = 'audio' | 'mode1' | 'mode2' | 'form1' | 'form2';

/** EXPECTED SECTOR TYPE, from 1 on; 0 is any. */
export const SECTOR_TYPES: readonly SectorKind[] = ['audio', 'mode1', 'mode2', 'form1', 'form2'];

/** Bytes of a sector, the end not included. */
export interface SectorRange {
  readonly from: number;
  readonly to: number;
}

/** Where the parts of a sector of data end, one behind the other: sync, header, sub-header, user data, EDC and ECC. */
const PART_ENDS: Readonly<Record<Exclude<SectorKind, 'audio'>, readonly number[]>> = {
  mode1: [SYNC_LENGTH, DATA_OFFSET, DATA_OFFSET, EDC_OFFSET, RAW_SECTOR_SIZE],
  mode2: [SYNC_LENGTH, DATA_OFFSET, DATA_OFFSET, RAW_SECTOR_SIZE, RAW_SECTOR_SIZE],
  form1: [SYNC_LENGTH, DATA_OFFSET, FORM_1_DATA_OFFSET, FORM_1_DATA_OFFSET + 2048, RAW_SECTOR_SIZE],
  // What codes it has count as user data.
  form2: [SYNC_LENGTH, DATA_OFFSET, FORM_1_DATA_OFFSET, RAW_SECTOR_SIZE, RAW_SECTOR_SIZE],
};
/** Their bits, in the same order: SYNC, HEADER CODES (header, sub-header), USER DATA, EDC & ECC. */
const PART_BITS = [0x80, 0x20, 0x40, 0x10, 0x08];
export const USER_DATA = 0x10;
/** Parts that codes and addresses make of user data. */
export const CODED_PARTS = 0xa8;
export const ALL_PARTS = 0xf8;

const SUBMODE_OFFSET = DATA_OFFSET + 2;
const FORM_2 = 0x20;

/** What is sent of a sector, of sound all or nothing; undefined for parts that do not follow one another. */
export function selectParts(kind: SectorKind, selection: number): SectorRange | undefined {
  if ((selection & ALL_PARTS) === 0) return { from: 0, to: 0 };
  if (kind === 'audio') return { from: 0, to: RAW_SECTOR_SIZE };
  let chosen: SectorRange | undefined;
  let from = 0;
  for (const [part, to] of PART_ENDS[kind].entries()) {
    if (to > from && (selection & PART_BITS[part]!) !== 0) {
      if (chosen !== undefined && chosen.to !== from) return undefined;
      chosen = { from: chosen?.from ?? from, to };
    }
    from = to;
  }
  return chosen ?? { from: 0, to: 0 };
}

/** Kinds that the sectors of a track may be of. */
export function kindsOf(mode: TrackMode): readonly SectorKind[] {
  return mode === 'xa' ? ['form1', 'form2'] : [mode];
}

/** The kind of a whole sector of a track. */
export function kindOf(mode: TrackMode, sector: Uint8Array): SectorKind {
  if (mode !== 'xa') return mode;
  return (sector[SUBMODE_OFFSET]! & FORM_2) === 0 ? 'form1' : 'form2';
}
