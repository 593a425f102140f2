// INQUIRY (SPC-4): who we are. The same answer, with another first byte, for logical units that do not exist.
import type { DriveCommand } from './command.js';
import { refuseField } from './command.js';
import { answer } from './data-in.js';
import type { DataIn } from './data-in.js';

/** Peripheral device type (SPC-4). */
export const CD_DVD_DEVICE = 0x05;
/** Peripheral qualifier 3 with type 1Fh: the target can have no such logical unit. */
const NO_DEVICE = 0x7f;
const VENDOR = 'ISODRIVE';
const PRODUCT = 'Virtual disc';
const REVISION = '1.0';
/** SAM-5, SPC-4, MMC-6, iSCSI, each without a version claimed (SPC-4). */
const VERSION_DESCRIPTORS = [0x00a0, 0x0460, 0x04e0, 0x0960];
const STANDARD_LENGTH = 96;
const SUPPORTED_PAGES = 0x00;
const SERIAL_PAGE = 0x80;
const IDENTIFICATION_PAGE = 0x83;

export const inquiry: DriveCommand = {
  opcode: 0x12,
  needsMedium: false,
  ignoresAttention: true,
  run({ cdb, drive }) {
    const flags = cdb.u8(1);
    const page = cdb.u8(2);
    const length = cdb.u16be(3);
    // CMDDT is obsolete; a page code without EVPD is wrong.
    if ((flags & 0xfe) !== 0) refuseField();
    if ((flags & 1) !== 0) return answer(vitalPage(page, drive.serial), length);
    if (page !== 0) refuseField();
    return answer(standardData(CD_DVD_DEVICE), length);
  },
};

/** What INQUIRY says of a logical unit that does not exist. */
export function inquireMissingUnit(allocationLength: number): DataIn {
  return answer(standardData(NO_DEVICE), allocationLength);
}

function standardData(peripheral: number): Uint8Array {
  const bytes = Buffer.alloc(STANDARD_LENGTH);
  bytes[0] = peripheral;
  bytes[1] = 0x80; // RMB: removable medium
  bytes[2] = 0x06; // VERSION: SPC-4
  bytes[3] = 0x02; // RESPONSE DATA FORMAT
  bytes[4] = STANDARD_LENGTH - 5;
  bytes[7] = 0x02; // CMDQUE: the transport takes several commands at a time
  bytes.write(VENDOR.padEnd(8), 8, 'latin1');
  bytes.write(PRODUCT.padEnd(16), 16, 'latin1');
  bytes.write(REVISION.padEnd(4), 32, 'latin1');
  VERSION_DESCRIPTORS.forEach((version, i) => bytes.writeUInt16BE(version, 58 + 2 * i));
  return bytes;
}

function vitalPage(page: number, serial: string): Uint8Array {
  switch (page) {
    case SUPPORTED_PAGES:
      return encodePage(page, Uint8Array.of(SUPPORTED_PAGES, SERIAL_PAGE, IDENTIFICATION_PAGE));
    case SERIAL_PAGE:
      return encodePage(page, Buffer.from(serial, 'latin1'));
    case IDENTIFICATION_PAGE: {
      // SPC-4: designator type 1, T10 vendor identification, in ASCII, of the logical unit.
      const designator = Buffer.from(`${VENDOR.padEnd(8)}${serial}`, 'latin1');
      return encodePage(page, Buffer.concat([Uint8Array.of(0x02, 0x01, 0, designator.length), designator]));
    }
    default:
      return refuseField();
  }
}

function encodePage(page: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(CD_DVD_DEVICE, page, body.length >> 8, body.length & 0xff), body]);
}
