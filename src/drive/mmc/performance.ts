// SET CD SPEED and GET PERFORMANCE (MMC-6): nothing turns, so every speed is granted, and data come as fast as ever.
import type { DriveCommand, MediumCommand } from './command.js';
import { refuseField } from './command.js';
import { answer, NO_DATA } from './data-in.js';
import { SPEED } from './mode-pages.js';

const PERFORMANCE_DATA = 0x00;
const WRITE_SPEED = 0x03;
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

export const getPerformance: MediumCommand = {
  opcode: 0xac,
  needsMedium: true,
  run({ cdb }, medium) {
    const type = cdb.u8(10);
    if (type !== PERFORMANCE_DATA && type !== WRITE_SPEED) refuseField();
    const flags = cdb.u8(1);
    const start = cdb.u32be(2);
    const isNominalRead = type === PERFORMANCE_DATA && (flags & (EXCEPT | WRITE)) === 0;
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
