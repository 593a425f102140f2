// User data out of a whole sector of a CD, when its error detection code says that it is right: what a drive could not
// correct it may still give raw (ECMA-130 14; CD-ROM XA).
import { errorDetectionCode } from '../../base/error-detection-code.js';
import { RAW_SECTOR_SIZE } from './optical-drive.js';

const MODE_OFFSET = 15;
/** Where user data and code lie, and from where on the code is computed, by mode. */
const LAYOUTS = {
  1: { data: 16, covered: 0, code: 2064 },
  // Form 1; form 2 holds no data that a file system is made of.
  2: { data: 24, covered: 16, code: 2072 },
} as const;
const USER_DATA = 2048;

/** 2048 bytes; undefined when they are not proved right. */
export function userDataOfRawSector(sector: Uint8Array): Uint8Array | undefined {
  if (sector.length < RAW_SECTOR_SIZE) return undefined;
  const mode = sector[MODE_OFFSET];
  if (mode !== 1 && mode !== 2) return undefined;
  const { data, covered, code } = LAYOUTS[mode];
  const written = Buffer.from(sector.buffer, sector.byteOffset).readUInt32LE(code);
  if (errorDetectionCode(sector.subarray(covered, code)) !== written) return undefined;
  return sector.subarray(data, data + USER_DATA);
}
