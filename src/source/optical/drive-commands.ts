// Command descriptor blocks of what is asked of a drive (SPC-4, MMC-6): pure, big-endian bytes.
import { CONFIGURATION_LENGTH, INQUIRY_LENGTH } from './drive-facts.js';
import { MAX_TOC_BYTES } from './table-of-contents.js';

/** The whole sector: sync, headers, user data, EDC and ECC (READ CD, byte 9). */
const MAIN_CHANNEL = 0xf8;
/** One bit for each byte of the sector (READ CD, byte 9). */
const C2_POINTERS = 0x02;
/** SUB-CHANNEL SELECTION (READ CD, byte 10). */
const FORMATTED_Q = 0x02;
/** Bytes of a block's Q as READ CD gives it, and of an answer to READ SUB-CHANNEL with a code. */
export const Q_LENGTH = 16;
export const SUB_CHANNEL_LENGTH = 24;
export const CD_READ_FEATURE = 0x001e;
export const CAPACITY_LENGTH = 8;

export function testUnitReadyCommand(): Uint8Array {
  return new Uint8Array(6);
}

/** START STOP UNIT: stops the disc and opens the tray. */
export function ejectCommand(): Uint8Array {
  return Uint8Array.of(0x1b, 0, 0, 0, 0x02, 0);
}

export function inquiryCommand(): Uint8Array {
  return Uint8Array.of(0x12, 0, 0, 0, INQUIRY_LENGTH, 0);
}

export function readCapacityCommand(): Uint8Array {
  return Uint8Array.of(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

export function readTocCommand(): Uint8Array {
  return Uint8Array.of(0x43, 0, 0, 0, 0, 0, 0, MAX_TOC_BYTES >> 8, MAX_TOC_BYTES & 0xff, 0);
}

/** READ TOC/PMA/ATIP of another format than 0: 2 all points of the lead-in, 5 packs of CD-TEXT. */
export function readLeadInCommand(format: number, length: number): Uint8Array {
  return Uint8Array.of(0x43, 0, format, 0, 0, 0, format === 2 ? 1 : 0, length >> 8, length & 0xff, 0);
}

/** READ SUB-CHANNEL: 2 the catalogue number, 3 the recording code of `track`. */
export function readSubChannelCommand(format: number, track: number): Uint8Array {
  return Uint8Array.of(0x42, 0, 0x40, format, 0, 0, track, 0, SUB_CHANNEL_LENGTH, 0);
}

/** Only the feature `feature`, current or not. */
export function getConfigurationCommand(feature: number): Uint8Array {
  return Uint8Array.of(0x46, 0x02, feature >> 8, feature & 0xff, 0, 0, 0, 0, CONFIGURATION_LENGTH, 0);
}

/** READ (12), which every drive that takes MMC knows; READ (10) for those that do not. */
export function readCommand(block: number, count: number, isLong: boolean): Uint8Array {
  const command = Buffer.alloc(isLong ? 12 : 10);
  command[0] = isLong ? 0xa8 : 0x28;
  command.writeUInt32BE(block, 2);
  if (isLong) command.writeUInt32BE(count, 6);
  else command.writeUInt16BE(count, 7);
  return command;
}

/** READ CD of whole sectors of any kind, with C2 pointers behind each where wanted. */
export function readCdCommand(block: number, count: number, withC2: boolean): Uint8Array {
  return encodeReadCd(block, count, MAIN_CHANNEL | (withC2 ? C2_POINTERS : 0), 0);
}

/** READ CD of subchannel Q alone, formatted. */
export function readQCommand(block: number, count: number): Uint8Array {
  return encodeReadCd(block, count, 0, FORMATTED_Q);
}

function encodeReadCd(block: number, count: number, main: number, subChannel: number): Uint8Array {
  const command = Buffer.alloc(12);
  command[0] = 0xbe;
  command.writeUInt32BE(block, 2);
  command.writeUIntBE(count, 6, 3);
  command[9] = main;
  command[10] = subChannel;
  return command;
}
