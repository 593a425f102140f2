// What surrounds the user data of a mode 1 sector on a CD: sync, header, error detection and error correction
// (ECMA-130 14 and Annex A). Images of 2048-byte sectors leave it out; it follows from the data and the address.
import { errorDetectionCode } from '../../base/error-detection-code.js';
import {
  DATA_OFFSET,
  EDC_OFFSET,
  RAW_SECTOR_SIZE,
  SYNC_LENGTH,
  writeParity,
} from '../../disc/sector-parity.js';
import { timeOfBlock, toBcd } from './address.js';

/** Bytes behind the user data: EDC, intermediate zeros, P and Q parity. */
export const AUXILIARY_LENGTH = RAW_SECTOR_SIZE - EDC_OFFSET;
const MODE_1 = 1;

/** A mode 1 sector from its user data (2048 bytes) and its logical block address. */
export function encodeMode1Sector(data: Uint8Array, block: number): Buffer {
  const sector = Buffer.alloc(RAW_SECTOR_SIZE);
  sector.fill(0xff, 1, SYNC_LENGTH - 1);
  const { minute, second, frame } = timeOfBlock(block);
  sector.set([toBcd(minute), toBcd(second), toBcd(frame), MODE_1], SYNC_LENGTH);
  sector.set(data, DATA_OFFSET);
  sector.writeUInt32LE(errorDetectionCode(sector.subarray(0, EDC_OFFSET)), EDC_OFFSET);
  writeParity(sector);
  return sector;
}
