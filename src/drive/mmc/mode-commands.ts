// MODE SENSE and MODE SELECT (6 and 10) (SPC-4, MMC-6): the pages of mode-pages.ts with their headers.
import type { CommandInput, DriveCommand } from './command.js';
import { refuseField } from './command.js';
import type { DataIn } from './data-in.js';
import { answer, NO_DATA } from './data-in.js';
import type { PageControl } from './mode-pages.js';
import {
  CheckCondition,
  INVALID_FIELD_IN_PARAMETERS,
  PARAMETER_LIST_LENGTH_ERROR,
  SAVING_NOT_SUPPORTED,
} from './sense.js';

const CONTROLS: readonly (PageControl | undefined)[] = ['current', 'changeable', 'default', undefined];
/** PF: pages follow the standard. SP: save them. */
const PAGE_FORMAT = 0x10;
const SAVE_PAGES = 0x01;
const ALL_SUBPAGES = 0xff;

/** Mode parameter header: its length, and where in it the length of block descriptors stands. */
interface Header {
  readonly length: number;
  readonly descriptorLength: (list: Buffer) => number;
}
const HEADER_6: Header = { length: 4, descriptorLength: (list) => list[3]! };
const HEADER_10: Header = { length: 8, descriptorLength: (list) => list.readUInt16BE(6) };

export const modeSense6: DriveCommand = {
  opcode: 0x1a,
  needsMedium: false,
  run(input) {
    const pages = readPages(input);
    const header = Uint8Array.of(HEADER_6.length - 1 + pages.length, 0, 0, 0);
    return answer(Buffer.concat([header, pages]), input.cdb.u8(4));
  },
};

export const modeSense10: DriveCommand = {
  opcode: 0x5a,
  needsMedium: false,
  run(input) {
    const pages = readPages(input);
    const header = Buffer.alloc(HEADER_10.length);
    header.writeUInt16BE(HEADER_10.length - 2 + pages.length, 0);
    return answer(Buffer.concat([header, pages]), input.cdb.u16be(7));
  },
};

export const modeSelect6: DriveCommand = {
  opcode: 0x15,
  needsMedium: false,
  run: (input) => selectPages(input, input.cdb.u8(4), HEADER_6),
};

export const modeSelect10: DriveCommand = {
  opcode: 0x55,
  needsMedium: false,
  run: (input) => selectPages(input, input.cdb.u16be(7), HEADER_10),
};

function readPages({ cdb, drive }: CommandInput): Uint8Array {
  const control = CONTROLS[cdb.u8(2) >> 6];
  if (control === undefined) throw new CheckCondition(SAVING_NOT_SUPPORTED);
  const subpage = cdb.u8(3);
  if (subpage !== 0 && subpage !== ALL_SUBPAGES) refuseField();
  return drive.pages.read(cdb.u8(2) & 0x3f, control, drive) ?? refuseField();
}

function selectPages({ cdb, drive, parameters }: CommandInput, length: number, header: Header): DataIn {
  const flags = cdb.u8(1);
  if ((flags & PAGE_FORMAT) === 0 || (flags & SAVE_PAGES) !== 0) refuseField();
  if (length === 0) return NO_DATA;
  const list = Buffer.from(parameters.subarray(0, length));
  if (list.length < length || list.length < header.length) {
    throw new CheckCondition(PARAMETER_LIST_LENGTH_ERROR);
  }
  // Block descriptors would set a block length: only that of 2048 bytes, which there is, needs none.
  if (header.descriptorLength(list) !== 0 || !drive.pages.write(list.subarray(header.length))) {
    throw new CheckCondition(INVALID_FIELD_IN_PARAMETERS);
  }
  return NO_DATA;
}
