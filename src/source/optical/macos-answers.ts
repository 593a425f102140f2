// What macOS knows of a drive and its disc, laid out as the drive itself would have answered (SPC-4, MMC-6), so that
// one reader of drives serves every system. Pure.
import type { MacosDriveEntry } from '../../../native/macos/index.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { INQUIRY_LENGTH, profileNumber } from './drive-facts.js';

/** Peripheral device type of optical drives (SPC-4, INQUIRY). */
const OPTICAL_DEVICE = 0x05;
const CONFIGURATION_HEADER = 8;
const TOC_HEADER = 4;
const TOC_DESCRIPTOR = 8;
/** Bytes of a descriptor of the full table of contents (MMC-6, READ TOC/PMA/ATIP, format 0010b). */
const FULL_DESCRIPTOR = 11;
/** Room for the full table: 99 tracks, three descriptors of each session, and those of recorders. */
export const FULL_TOC_BYTES = 4096;
/** ADR of descriptors that say where a track lies. */
const POSITION = 1;
const LAST_TRACK = 99;
/** POINT that gives a session's lead-out, and its track number in format 0. */
const LEAD_OUT_POINT = 0xa2;
const LEAD_OUT = 0xaa;
/** Block 0 is at 00:02:00 (ECMA-130). */
const FIRST_FRAME = 150;

/** INQUIRY */
export function inquiryAnswer({ vendor, product, revision }: MacosDriveEntry): Uint8Array {
  const answer = Buffer.alloc(INQUIRY_LENGTH, ' ');
  answer.fill(0, 0, 8);
  answer[0] = OPTICAL_DEVICE;
  answer.write(vendor, 8, 8, 'latin1');
  answer.write(product, 16, 16, 'latin1');
  answer.write(revision, 32, 4, 'latin1');
  return answer;
}

/** READ CAPACITY (10): a disc of no blocks has no last one. */
export function capacityAnswer(blocks: number, blockSize: number): Uint8Array {
  const answer = Buffer.alloc(8);
  answer.writeUInt32BE(Math.min(Math.max(blocks, 1) - 1, 0xffffffff), 0);
  answer.writeUInt32BE(blockSize, 4);
  return answer;
}

/** GET CONFIGURATION without features: the system tells what disc it is, and nothing of what the drive can. */
export function configurationAnswer(type: string): Uint8Array {
  const answer = Buffer.alloc(CONFIGURATION_HEADER);
  answer.writeUInt32BE(CONFIGURATION_HEADER - 4, 0);
  answer.writeUInt16BE(profileNumber(type), 6);
  return answer;
}

/** READ TOC, format 0, out of format 2: tracks in order, and the lead-out of the last session. */
export function tableOfContentsAnswer(full: Uint8Array, drive: string): Uint8Array {
  const cursor = new ByteCursor(full, drive, 0);
  const tracks = new Map<number, { control: number; start: number }>();
  let leadOut = { session: 0, control: 0, start: 0 };
  const end = cursor.length < TOC_HEADER ? 0 : Math.min(cursor.u16be(0) + 2, cursor.length);
  for (let at = TOC_HEADER; at + FULL_DESCRIPTOR <= end; at += FULL_DESCRIPTOR) {
    const session = cursor.u8(at);
    const control = cursor.u8(at + 1);
    const point = cursor.u8(at + 3);
    if (control >> 4 !== POSITION) continue;
    const frame = (cursor.u8(at + 8) * 60 + cursor.u8(at + 9)) * 75 + cursor.u8(at + 10);
    const start = Math.max(0, frame - FIRST_FRAME);
    if (point >= 1 && point <= LAST_TRACK) tracks.set(point, { control, start });
    else if (point === LEAD_OUT_POINT && session >= leadOut.session) leadOut = { session, control, start };
  }
  const numbers = [...tracks.keys()].sort((a, b) => a - b);
  const rows = numbers.map((number) => ({ number, ...tracks.get(number)! }));
  const all = leadOut.session === 0 ? rows : [...rows, { ...leadOut, number: LEAD_OUT }];
  const answer = Buffer.alloc(TOC_HEADER + all.length * TOC_DESCRIPTOR);
  answer.writeUInt16BE(answer.length - 2, 0);
  answer[2] = numbers[0] ?? 0;
  answer[3] = numbers.at(-1) ?? 0;
  for (const [i, { number, control, start }] of all.entries()) {
    const at = TOC_HEADER + i * TOC_DESCRIPTOR;
    answer[at + 1] = control;
    answer[at + 2] = number;
    answer.writeUInt32BE(start, at + 4);
  }
  return answer;
}
