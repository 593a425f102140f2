// SET CD SPEED, SET STREAMING and GET PERFORMANCE (MMC-6): nothing turns, so every speed is granted, and data come as
// fast as ever.
import type { DriveCommand, MediumCommand } from './command.js';
import { refuseField } from './command.js';
import { answer, NO_DATA } from './data-in.js';
import { SPEED } from './mode-pages.js';
import { CheckCondition, INVALID_FIELD_IN_PARAMETERS, PARAMETER_LIST_LENGTH_ERROR } from './sense.js';

const PERFORMANCE_DATA = 0x00;
/** Bytes of the performance descriptor of SET STREAMING, and where its first and last block stand. */
const STREAMING_LENGTH = 28;
const FIRST_BLOCK = 4;
const LAST_BLOCK = 8;
/** DATA TYPE bits: nominal values rather than exceptions; of reading rather than writing. */
const EXCEPT = 0x03;
const WRITE = 0x04;

export const setCdSpeed: DriveCommand = {
  opcode: 0xbb,
  needsMedium: false,
  run({ cdb, drive }) {
    drive.speed = cdb.u16be(2);
    return NO_DATA;
  },
};

export const setStreaming: DriveCommand = {
  opcode: 0xb6,
  needsMedium: false,
  run({ cdb, parameters }) {
    if (cdb.u8(8) !== PERFORMANCE_DATA) refuseField();
    const length = cdb.u16be(9);
    if (length === 0) return NO_DATA;
    if (length !== STREAMING_LENGTH || parameters.length < length)
      throw new CheckCondition(PARAMETER_LIST_LENGTH_ERROR);
    const descriptor = Buffer.from(parameters.buffer, parameters.byteOffset, length);
    if (descriptor.readUInt32BE(FIRST_BLOCK) <= descriptor.readUInt32BE(LAST_BLOCK)) return NO_DATA;
    throw new CheckCondition(INVALID_FIELD_IN_PARAMETERS);
  },
};

export const getPerformance: MediumCommand = {
  opcode: 0xac,
  needsMedium: true,
  run({ cdb }, medium) {
    // The other types are of writing, and of defects that no image has.
    if (cdb.u8(10) !== PERFORMANCE_DATA) refuseField();
    const flags = cdb.u8(1);
    const start = cdb.u32be(2);
    const isNominalRead = (flags & (EXCEPT | WRITE)) === 0;
    const descriptors = isNominalRead && cdb.u16be(8) > 0 && start < medium.blocks ? 1 : 0;
    const bytes = Buffer.alloc(8 + 16 * descriptors);
    bytes.writeUInt32BE(bytes.length - 4, 0);
    if (descriptors > 0) {
      bytes.writeUInt32BE(start, 8);
      bytes.writeUInt32BE(SPEED, 12);
      bytes.writeUInt32BE(medium.blocks - 1, 16);
      bytes.writeUInt32BE(SPEED, 20);
    }
    return answer(bytes, bytes.length);
  },
};
