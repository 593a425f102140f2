// TEST UNIT READY, REQUEST SENSE and REPORT LUNS (SPC-4): is it there, and what has happened.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { DriveCommand, MediumCommand } from './command.js';
import { refuseField } from './command.js';
import type { DataIn } from './data-in.js';
import { answer, NO_DATA } from './data-in.js';
import { encodeSense, NO_SENSE } from './sense.js';

/** SELECT REPORT: without, only, and with well-known logical units; there are none of those. */
const WITHOUT_WELL_KNOWN = 0;
const ONLY_WELL_KNOWN = 1;
const WITH_WELL_KNOWN = 2;
/** SPC-4: an allocation length below this is an error. */
const MIN_LUN_LIST = 16;

export const testUnitReady: MediumCommand = { opcode: 0x00, needsMedium: true, run: () => NO_DATA };

/** Refused commands carry their sense data, so all that is left to ask for is a pending unit attention. */
export const requestSense: DriveCommand = {
  opcode: 0x03,
  needsMedium: false,
  ignoresAttention: true,
  run({ cdb, nexus }) {
    // DESC: descriptor format, which is not supported.
    if ((cdb.u8(1) & 1) !== 0) refuseField();
    return answer(encodeSense(nexus.takeAttention() ?? NO_SENSE), cdb.u8(4));
  },
};

export const reportLuns: DriveCommand = {
  opcode: 0xa0,
  needsMedium: false,
  ignoresAttention: true,
  run: ({ cdb, units }) => listUnits(cdb, units),
};

/** The answer to REPORT LUNS, which a unit that does not exist gives as well. */
export function listUnits(cdb: ByteCursor, units: readonly number[]): DataIn {
  const select = cdb.u8(2);
  const length = cdb.u32be(6);
  if (length < MIN_LUN_LIST) refuseField();
  if (select === ONLY_WELL_KNOWN) return answer(encodeUnits([]), length);
  if (select !== WITHOUT_WELL_KNOWN && select !== WITH_WELL_KNOWN) refuseField();
  return answer(encodeUnits(units), length);
}

/** Peripheral device addressing, units 0 to 255 (SAM-5). */
function encodeUnits(units: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(8 + 8 * units.length);
  bytes.writeUInt32BE(8 * units.length, 0);
  units.forEach((unit, i) => bytes.writeUInt16BE(unit, 8 + 8 * i));
  return bytes;
}
