// Why a command was refused, in SCSI's own words. Not an IsodriveError: it is the answer that the initiator gets, and
// the command that it answers has been carried out to its end.

/** Sense key, additional sense code and qualifier (SPC-4, MMC-6). */
export interface Sense {
  readonly key: number;
  readonly code: number;
  readonly qualifier: number;
  /** Logical block that the fault is about (INFORMATION field). */
  readonly information?: number;
}

export const NO_SENSE: Sense = { key: 0x0, code: 0x00, qualifier: 0x00 };
export const NO_MEDIUM_TRAY_CLOSED: Sense = { key: 0x2, code: 0x3a, qualifier: 0x01 };
export const NO_MEDIUM_TRAY_OPEN: Sense = { key: 0x2, code: 0x3a, qualifier: 0x02 };
export const UNRECOVERED_READ_ERROR: Sense = { key: 0x3, code: 0x11, qualifier: 0x00 };
export const PARAMETER_LIST_LENGTH_ERROR: Sense = { key: 0x5, code: 0x1a, qualifier: 0x00 };
export const INVALID_OPERATION_CODE: Sense = { key: 0x5, code: 0x20, qualifier: 0x00 };
export const BLOCK_OUT_OF_RANGE: Sense = { key: 0x5, code: 0x21, qualifier: 0x00 };
export const INVALID_FIELD_IN_CDB: Sense = { key: 0x5, code: 0x24, qualifier: 0x00 };
export const UNIT_NOT_SUPPORTED: Sense = { key: 0x5, code: 0x25, qualifier: 0x00 };
export const INVALID_FIELD_IN_PARAMETERS: Sense = { key: 0x5, code: 0x26, qualifier: 0x00 };
export const SAVING_NOT_SUPPORTED: Sense = { key: 0x5, code: 0x39, qualifier: 0x00 };
export const REMOVAL_PREVENTED: Sense = { key: 0x5, code: 0x53, qualifier: 0x02 };
export const ILLEGAL_MODE_FOR_TRACK: Sense = { key: 0x5, code: 0x64, qualifier: 0x00 };
export const COMMAND_SEQUENCE_ERROR: Sense = { key: 0x5, code: 0x2c, qualifier: 0x00 };
export const MEDIUM_CHANGED: Sense = { key: 0x6, code: 0x28, qualifier: 0x00 };
export const RESET_OCCURRED: Sense = { key: 0x6, code: 0x29, qualifier: 0x00 };

/** Bytes of fixed-format sense data. */
export const SENSE_LENGTH = 18;

/** Thrown by a command that ends with CHECK CONDITION. */
export class CheckCondition extends Error {
  override readonly name = 'CheckCondition';
  readonly sense: Sense;

  constructor(sense: Sense) {
    const hex = (value: number): string => value.toString(16).padStart(2, '0');
    super(`Command ended with sense ${sense.key.toString(16)}/${hex(sense.code)}/${hex(sense.qualifier)}`);
    this.sense = sense;
  }
}

/** Fixed format, current error (SPC-4). */
export function encodeSense({ key, code, qualifier, information }: Sense): Uint8Array {
  const bytes = Buffer.alloc(SENSE_LENGTH);
  bytes[0] = 0x70; // response code: current, fixed
  if (information !== undefined && information <= 0xffff_ffff) {
    bytes[0] |= 0x80; // VALID
    bytes.writeUInt32BE(information, 3);
  }
  bytes[2] = key;
  bytes[7] = SENSE_LENGTH - 8; // ADDITIONAL SENSE LENGTH
  bytes[12] = code;
  bytes[13] = qualifier;
  return bytes;
}
