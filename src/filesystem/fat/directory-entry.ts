// One 32-byte entry of a FAT directory (Microsoft FAT Specification, sections 6 and 7).
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { Timestamp } from '../contract/file-tree.js';

export const ENTRY_BYTES = 32;
export const ATTRIBUTE = {
  readOnly: 0x01,
  volumeId: 0x08,
  directory: 0x10,
  longName: 0x0f,
  mask: 0x3f,
} as const;
/** First byte of the name. */
export const MARK = { end: 0x00, deleted: 0xe5, deletedLetter: 0x05 } as const;
const LONG_NAME_LAST = 0x40;
const NAME_BYTES = 8;
const EXTENSION_BYTES = 3;
/** DIR_NTRes, offset 12: the name, or its extension, is in lower case. */
const LOWER_NAME = 0x08;
const LOWER_EXTENSION = 0x10;
/** Offsets of the 13 UTF-16 units of a long-name entry (section 7). */
const LONG_NAME_UNITS = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
/** Entries of one long name: 255 units. */
export const MAX_LONG_ENTRIES = 20;
const DAY = 86_400;

/** Gives the text of short names, which say nothing of their charset. */
export type ShortNameDecoder = (bytes: Uint8Array) => string;

/** The short name as it is shown: NAME.EXT, in lower case where the entry says so. */
export function readShortName(entry: ByteCursor, decode: ShortNameDecoder): string {
  const bytes = entry.slice(0, NAME_BYTES + EXTENSION_BYTES).slice();
  if (bytes[0] === MARK.deletedLetter) bytes[0] = MARK.deleted;
  const flags = entry.u8(12);
  const trimmed = (part: Uint8Array, isLower: boolean): string => {
    const text = decode(part).replace(/ +$/, '');
    return isLower ? text.toLowerCase() : text;
  };
  const name = trimmed(bytes.subarray(0, NAME_BYTES), (flags & LOWER_NAME) !== 0);
  const extension = trimmed(bytes.subarray(NAME_BYTES), (flags & LOWER_EXTENSION) !== 0);
  return extension === '' ? name : `${name}.${extension}`;
}

/** The label, when this is the entry of the volume's. */
export function readVolumeName(entry: ByteCursor, decode: ShortNameDecoder): string | undefined {
  const mark = entry.u8(0);
  const attributes = entry.u8(11) & ATTRIBUTE.mask; // DIR_Attr, offset 11
  const isLabel = (attributes & (ATTRIBUTE.volumeId | ATTRIBUTE.directory)) === ATTRIBUTE.volumeId;
  if (mark === MARK.deleted || attributes === ATTRIBUTE.longName || !isLabel) return undefined;
  const bytes = entry.slice(0, NAME_BYTES + EXTENSION_BYTES).slice();
  if (mark === MARK.deletedLetter) bytes[0] = MARK.deleted;
  return decode(bytes).replace(/ +$/, '');
}

/** Puts a long name together from the entries in front of the short one, the last part first. */
export class LongName {
  #text = '';
  #next = 0;
  #checksum = -1;

  /** Takes a long-name entry; one that is out of order starts anew or is dropped. */
  add(entry: ByteCursor): void {
    const order = entry.u8(0);
    const number = order & ~LONG_NAME_LAST;
    const checksum = entry.u8(13); // LDIR_Chksum, offset 13
    if ((order & LONG_NAME_LAST) !== 0) {
      this.#text = '';
      this.#checksum = checksum;
      this.#next = number;
    }
    if (number === 0 || number > MAX_LONG_ENTRIES || number !== this.#next || checksum !== this.#checksum) {
      this.clear();
      return;
    }
    this.#text = readUnits(entry) + this.#text;
    this.#next -= 1;
  }

  clear(): void {
    this.#text = '';
    this.#next = 0;
    this.#checksum = -1;
  }

  /** The name of the short entry that follows; undefined when the parts are not all there or belong to another. */
  take(short: ByteCursor): string | undefined {
    const isWhole = this.#next === 0 && this.#checksum === shortNameChecksum(short);
    const name = isWhole && this.#text !== '' ? this.#text : undefined;
    this.clear();
    return name;
  }
}

function readUnits(entry: ByteCursor): string {
  let text = '';
  for (const at of LONG_NAME_UNITS) {
    const unit = entry.u16le(at);
    if (unit === 0) break;
    text += String.fromCharCode(unit);
  }
  return text;
}

/** Section 7.2. */
function shortNameChecksum(entry: ByteCursor): number {
  let sum = 0;
  for (let i = 0; i < NAME_BYTES + EXTENSION_BYTES; i += 1) {
    sum = (((sum & 1) << 7) + (sum >> 1) + entry.u8(i)) & 0xff;
  }
  return sum;
}

/** Local time of the writer, which nothing tells; shown as if it were UTC. 0 stands for "never set". */
export function readDosTime(date: number, time: number, target: Timestamp): void {
  const day = date & 0x1f;
  const month = (date >> 5) & 0xf;
  const midnight =
    date === 0 ? 0 : Date.UTC(1980 + (date >> 9), Math.max(month, 1) - 1, Math.max(day, 1)) / 1000;
  const seconds = (time >> 11) * 3600 + ((time >> 5) & 0x3f) * 60 + (time & 0x1f) * 2;
  target.seconds = midnight + Math.min(seconds, DAY - 1);
  target.microseconds = 0;
}
