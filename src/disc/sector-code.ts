// What surrounds the user data of a sector on a CD: sync, header, error detection and error correction (ECMA-130 14 and
// Annex A). Images of 2048-byte sectors leave it out; it follows from the data and the address.
import { errorDetectionCode } from '../base/error-detection-code.js';
import { SECTOR_SIZE } from './data-stream.js';
import { DATA_OFFSET, EDC_OFFSET, RAW_SECTOR_SIZE, SYNC_LENGTH, writeParity } from './sector-parity.js';
import { timeOfBlock, toBcd } from './sector-address.js';

/** Sub-header of form 1 (CD-ROM XA): file and channel 0, "data", no coding; twice. */
const SUBHEADER = [0, 0, 0x08, 0, 0, 0, 0x08, 0];
/** Where in a sector of form 1 its user data are. */
export const FORM_1_DATA_OFFSET = DATA_OFFSET + SUBHEADER.length;
const FORM_1_EDC_OFFSET = FORM_1_DATA_OFFSET + SECTOR_SIZE;

/** Mode 1, and form 1 of mode 2: 2048 bytes of user data. */
export type CookedMode = 'mode1' | 'xa';

/** A mode 1 sector from its user data (2048 bytes) and its logical block address. */
export function encodeMode1Sector(data: Uint8Array, block: number): Buffer {
  return encodeSector(data, block, 'mode1');
}

/** A sector of mode 1, or of form 1 of mode 2, from its user data. */
export function encodeSector(data: Uint8Array, block: number, mode: CookedMode): Buffer {
  const sector = Buffer.alloc(RAW_SECTOR_SIZE);
  const isXa = mode === 'xa';
  if (isXa) sector.set(SUBHEADER, DATA_OFFSET);
  sector.set(data, isXa ? FORM_1_DATA_OFFSET : DATA_OFFSET);
  // The parity of form 1 takes the header for zeros, and its EDC leaves it out: the sector may be moved.
  if (isXa) {
    const code = errorDetectionCode(sector.subarray(DATA_OFFSET, FORM_1_EDC_OFFSET));
    sector.writeUInt32LE(code, FORM_1_EDC_OFFSET);
    writeParity(sector);
    writeFront(sector, block, 2);
    return sector;
  }
  writeFront(sector, block, 1);
  sector.writeUInt32LE(errorDetectionCode(sector.subarray(0, EDC_OFFSET)), EDC_OFFSET);
  writeParity(sector);
  return sector;
}

/** Sync and header of a sector of data. */
export function writeFront(sector: Buffer, block: number, mode: 1 | 2): void {
  sector.fill(0, 0, SYNC_LENGTH).fill(0xff, 1, SYNC_LENGTH - 1);
  const { minute, second, frame } = timeOfBlock(block);
  sector.set([toBcd(minute), toBcd(second), toBcd(frame), mode], SYNC_LENGTH);
}
