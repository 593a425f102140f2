// READ CAPACITY (10 and 16) and READ FORMAT CAPACITIES (MMC-6, SBC-3): how large the disc is.
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { DriveCommand, MediumCommand } from './command.js';
import { refuseField, u64be } from './command.js';
import { answer } from './data-in.js';

const LONG_LENGTH = 32;
const READ_CAPACITY_ACTION = 0x10;
/** Descriptor types of READ FORMAT CAPACITIES. */
const FORMATTED = 2;
const NO_DISC = 3;
const UNKNOWN_BLOCKS = 0xffff_ffff;

export const readCapacity10: MediumCommand = {
  opcode: 0x25,
  needsMedium: true,
  run({ cdb }, medium) {
    // PMI, and the address that it is about, are obsolete.
    if ((cdb.u8(8) & 1) === 0 && cdb.u32be(2) !== 0) refuseField();
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(medium.blocks - 1, 0);
    bytes.writeUInt32BE(SECTOR_SIZE, 4);
    return answer(bytes, bytes.length);
  },
};

export const readCapacity16: MediumCommand = {
  opcode: 0x9e,
  needsMedium: true,
  run({ cdb }, medium) {
    if ((cdb.u8(1) & 0x1f) !== READ_CAPACITY_ACTION) refuseField();
    if ((cdb.u8(14) & 1) === 0 && u64be(cdb, 2) !== 0) refuseField();
    const bytes = Buffer.alloc(LONG_LENGTH);
    bytes.writeBigUInt64BE(BigInt(medium.blocks - 1), 0);
    bytes.writeUInt32BE(SECTOR_SIZE, 8);
    return answer(bytes, cdb.u32be(10));
  },
};

export const readFormatCapacities: DriveCommand = {
  opcode: 0x23,
  needsMedium: false,
  run({ cdb, drive }) {
    const bytes = Buffer.alloc(12);
    bytes[3] = 8; // CAPACITY LIST LENGTH
    bytes.writeUInt32BE(drive.medium?.blocks ?? UNKNOWN_BLOCKS, 4);
    bytes.writeUInt32BE(SECTOR_SIZE, 8);
    bytes[8] = drive.medium === undefined ? NO_DISC : FORMATTED;
    return answer(bytes, cdb.u16be(7));
  },
};
