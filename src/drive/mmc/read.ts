// READ (6, 10, 12 and 16) and SEEK (10): user data, 2048 bytes a block (SBC-3, MMC-6). Sound has none.
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { MediumCommand } from './command.js';
import { refuseField, u24be, u64be } from './command.js';
import type { DataIn } from './data-in.js';
import { NO_DATA } from './data-in.js';
import type { Medium } from './medium.js';
import { CheckCondition, ILLEGAL_MODE_FOR_TRACK } from './sense.js';

/** READ (6): a count of 0 means this many. */
const SHORT_READ_LIMIT = 256;
/** RDPROTECT (protection information, which we have none of) and, from SCSI-2, RELADR. */
const REFUSED_FLAGS = 0xe1;

export const read6: MediumCommand = {
  opcode: 0x08,
  needsMedium: true,
  run: ({ cdb }, medium) => readBlocks(medium, u24be(cdb, 1) & 0x1f_ffff, cdb.u8(4) || SHORT_READ_LIMIT),
};

export const read10: MediumCommand = {
  opcode: 0x28,
  needsMedium: true,
  run({ cdb }, medium) {
    if ((cdb.u8(1) & REFUSED_FLAGS) !== 0) refuseField();
    return readBlocks(medium, cdb.u32be(2), cdb.u16be(7));
  },
};

export const read12: MediumCommand = {
  opcode: 0xa8,
  needsMedium: true,
  run({ cdb }, medium) {
    if ((cdb.u8(1) & REFUSED_FLAGS) !== 0) refuseField();
    return readBlocks(medium, cdb.u32be(2), cdb.u32be(6));
  },
};

export const read16: MediumCommand = {
  opcode: 0x88,
  needsMedium: true,
  run({ cdb }, medium) {
    if ((cdb.u8(1) & REFUSED_FLAGS) !== 0) refuseField();
    return readBlocks(medium, u64be(cdb, 2), cdb.u32be(10));
  },
};

export const seek10: MediumCommand = {
  opcode: 0x2b,
  needsMedium: true,
  run({ cdb }, medium) {
    medium.checkRange(cdb.u32be(2), 1);
    return NO_DATA;
  },
};

function readBlocks(medium: Medium, block: number, count: number): DataIn {
  medium.checkRange(block, count);
  const end = medium.endOfKind(block, count, ({ mode }) => mode !== 'audio');
  const start = block * SECTOR_SIZE;
  const length = count * SECTOR_SIZE;
  return {
    length,
    image: end === block + count ? medium.locate(start, length) : undefined,
    async read(target, offset, signal) {
      // Nothing of what is asked for at a time is sent, so that its first block is the one that is told of.
      if (start + offset + target.length > end * SECTOR_SIZE) {
        const information = block + Math.floor(offset / SECTOR_SIZE);
        throw new CheckCondition({ ...ILLEGAL_MODE_FOR_TRACK, information });
      }
      await medium.readBytes(target, start + offset, signal);
    },
  };
}
