// GET EVENT STATUS NOTIFICATION (MMC-6): what has happened to the disc since the initiator last asked. Polled only.
import type { DriveCommand } from './command.js';
import { refuseField } from './command.js';
import { answer } from './data-in.js';

const MEDIA_CLASS = 4;
const MEDIA_CLASS_BIT = 1 << MEDIA_CLASS;
/** NEA: no class that was asked for is supported. */
const NO_EVENT_AVAILABLE = 0x80;
const POLLED = 0x01;
const TRAY_OPEN = 0x01;
const MEDIUM_PRESENT = 0x02;

export const getEventStatus: DriveCommand = {
  opcode: 0x4a,
  needsMedium: false,
  ignoresAttention: true,
  run({ cdb, drive, nexus }) {
    if ((cdb.u8(1) & POLLED) === 0) refuseField();
    const length = cdb.u16be(7);
    if ((cdb.u8(4) & MEDIA_CLASS_BIT) === 0) {
      return answer(Uint8Array.of(0, 2, NO_EVENT_AVAILABLE, MEDIA_CLASS_BIT), length);
    }
    const status = (drive.isTrayOpen ? TRAY_OPEN : 0) | (drive.medium === undefined ? 0 : MEDIUM_PRESENT);
    // An initiator without room for the event itself only looks whether there are any: none is lost then.
    const event = length > 4 ? nexus.takeEvent() : 0;
    return answer(Uint8Array.of(0, 6, MEDIA_CLASS, MEDIA_CLASS_BIT, event, status, 0, 0), length);
  },
};
