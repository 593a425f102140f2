// Whether a sector of a CD, as the drive reads it with everything, is what its own codes say. Pure.
import { errorDetectionCode } from '../base/error-detection-code.js';
import {
  DATA_OFFSET,
  EDC_OFFSET,
  P_OFFSET,
  RAW_SECTOR_SIZE,
  SYNC_LENGTH,
  writeParity,
} from './sector-parity.js';

/** ECMA-130 14.1: what every sector of data begins with. */
export const SYNC = Buffer.from('00ffffffffffffffffffff00', 'hex');
const MODE_OFFSET = SYNC_LENGTH + 3;
/** Sub-header of mode 2 (CD-ROM XA): file, channel, submode, coding, all twice. */
const SUBHEADER_OFFSET = DATA_OFFSET;
const SUBMODE_OFFSET = SUBHEADER_OFFSET + 2;
const SUBHEADER_BYTES = 4;
const FORM_2 = 0x20;
const FORM_1_EDC = SUBHEADER_OFFSET + 8 + 2048;
const FORM_2_EDC = SUBHEADER_OFFSET + 8 + 2324;

export const SECTOR_KINDS = [
  'audio',
  'mode 0',
  'mode 1',
  'mode 2 form 1',
  'mode 2 form 2',
  'mode 2',
] as const;
/** `audio`: no sync, so that nothing can be checked, as in mode 2 without a form. */
export type SectorKind = (typeof SECTOR_KINDS)[number];

/** `edc`: its data are damaged. `ecc`: only what would have mended them is. */
export type SectorFault = 'edc' | 'ecc' | 'mode';

export interface SectorVerdict {
  readonly kind: SectorKind;
  readonly fault: SectorFault | undefined;
  /** The kind has codes, and they were compared. */
  readonly isChecked: boolean;
}

/** `sector`: RAW_SECTOR_SIZE bytes. */
export function checkRawSector(sector: Buffer): SectorVerdict {
  if (SYNC.compare(sector, 0, SYNC_LENGTH) !== 0)
    return { kind: 'audio', fault: undefined, isChecked: false };
  const mode = sector[MODE_OFFSET];
  if (mode === 1) {
    const isRight = hasCode(sector, 0, EDC_OFFSET);
    return checked('mode 1', isRight ? checkParity(sector, false) : 'edc');
  }
  if (mode === 2) return checkMode2(sector);
  // ECMA-130 14.2: mode 0 is all zeros behind its header.
  const isEmpty = mode === 0 && sector.subarray(DATA_OFFSET).every((byte) => byte === 0);
  return checked('mode 0', isEmpty ? undefined : 'mode');
}

function checkMode2(sector: Buffer): SectorVerdict {
  const second = SUBHEADER_OFFSET + SUBHEADER_BYTES;
  const isTwice = sector.compare(sector, second, second + SUBHEADER_BYTES, SUBHEADER_OFFSET, second) === 0;
  if (!isTwice) return { kind: 'mode 2', fault: undefined, isChecked: false };
  if ((sector[SUBMODE_OFFSET]! & FORM_2) === 0) {
    const isRight = hasCode(sector, SUBHEADER_OFFSET, FORM_1_EDC);
    return checked('mode 2 form 1', isRight ? checkParity(sector, true) : 'edc');
  }
  // The code of form 2 may be left out, and is 0 then.
  const isLeftOut = sector.readUInt32LE(FORM_2_EDC) === 0;
  const isRight = isLeftOut || hasCode(sector, SUBHEADER_OFFSET, FORM_2_EDC);
  return { kind: 'mode 2 form 2', fault: isRight ? undefined : 'edc', isChecked: !isLeftOut };
}

function checked(kind: SectorKind, fault: SectorFault | undefined): SectorVerdict {
  return { kind, fault, isChecked: true };
}

function hasCode(sector: Buffer, from: number, at: number): boolean {
  return errorDetectionCode(sector.subarray(from, at)) === sector.readUInt32LE(at);
}

/** `isXa`: the parity of mode 2 takes the header for zeros, so that a sector may be moved. */
function checkParity(sector: Buffer, isXa: boolean): SectorFault | undefined {
  const again = Buffer.from(sector);
  if (isXa) again.fill(0, SYNC_LENGTH, DATA_OFFSET);
  writeParity(again);
  return again.compare(sector, P_OFFSET, RAW_SECTOR_SIZE, P_OFFSET) === 0 ? undefined : 'ecc';
}
