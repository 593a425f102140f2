// START STOP UNIT, PREVENT ALLOW MEDIUM REMOVAL and MECHANISM STATUS (MMC-6): the tray and its lock.
import type { DriveCommand } from './command.js';
import { answer, NO_DATA } from './data-in.js';
import { CheckCondition, REMOVAL_PREVENTED } from './sense.js';

const START = 0x01;
const LOAD_EJECT = 0x02;
const POWER_CONDITION = 0xf0;
const PREVENT = 0x01;
const DOOR_OPEN = 0x10;

export const startStopUnit: DriveCommand = {
  opcode: 0x1b,
  needsMedium: false,
  run({ cdb, drive }) {
    const flags = cdb.u8(4);
    // Power conditions and starting mean nothing to a disc that does not turn.
    if ((flags & POWER_CONDITION) !== 0) return NO_DATA;
    const opens = (flags & START) === 0;
    if ((flags & LOAD_EJECT) === 0) {
      if (opens) drive.player.stop();
      return NO_DATA;
    }
    if (opens && drive.isRemovalPrevented) throw new CheckCondition(REMOVAL_PREVENTED);
    drive.setTray(opens);
    return NO_DATA;
  },
};

/** The persistent form (bit 1), which lets the user's button raise an event instead, is taken as the plain one. */
export const preventAllow: DriveCommand = {
  opcode: 0x1e,
  needsMedium: false,
  run({ cdb, nexus }) {
    nexus.preventsRemoval = (cdb.u8(4) & PREVENT) !== 0;
    return NO_DATA;
  },
};

export const mechanismStatus: DriveCommand = {
  opcode: 0xbd,
  needsMedium: false,
  run({ cdb, drive }) {
    // No changer, and so no slots behind the header.
    return answer(Uint8Array.of(0, drive.isTrayOpen ? DOOR_OPEN : 0, 0, 0, 0, 0, 0, 0), cdb.u16be(8));
  },
};
