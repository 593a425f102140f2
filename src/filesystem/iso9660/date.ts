// Dates of ECMA-119: seven binary bytes in records, seventeen digits in descriptors.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { Timestamp } from '../contract/file-tree.js';

export const SHORT_DATE_BYTES = 7;
export const LONG_DATE_BYTES = 17;
/** Time zones are quarters of an hour from Greenwich; none is farther than 13 hours, so what is more is junk. */
export const MAX_ZONE = 52;
const ZONE_SECONDS = 15 * 60;
const YEAR_BASE = 1900;
/**
 * What stands for "not specified". Linux shows this time, because its 32-bit sum of seven zeros wraps; isodrive shows
 * what a mount by the kernel would.
 */
const UNSPECIFIED = 2_083_213_696;

/**
 * Seconds since 1970-01-01 UTC in the proleptic Gregorian calendar. Fields out of their range carry over, as Linux
 * does it (mktime64), so that a disc with garbage shows the same time everywhere.
 */
export function civilSeconds(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number {
  let y = year;
  // The year begins in March, so that the leap day is its last.
  let m = month - 2;
  if (m <= 0) {
    m += 12;
    y -= 1;
  }
  const leapDays = ((y / 4) | 0) - ((y / 100) | 0) + ((y / 400) | 0);
  const days = leapDays + (((367 * m) / 12) | 0) + day + y * 365 - 719_499;
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

/**
 * Reads dates of 7 bytes (ECMA-119 9.1.5 Recording Date and Time; zeros mean "not specified"). It remembers the last
 * one, because the entries of a disc tend to share it.
 */
export class ShortDateReader {
  #head = -1;
  #tail = -1;
  #seconds = 0;
  readonly #hasZone: boolean;

  /** `hasZone`: false for the dates of High Sierra, which end with the seconds. */
  constructor(hasZone = true) {
    this.#hasZone = hasZone;
  }

  read(cursor: ByteCursor, offset: number, into: Timestamp): void {
    // Two words that overlap in one byte are the whole date.
    const head = cursor.u32le(offset);
    const tail = cursor.u32le(offset + 3);
    if (head !== this.#head || tail !== this.#tail) {
      this.#head = head;
      this.#tail = tail;
      this.#seconds = parseShortDate(cursor, offset, this.#hasZone);
    }
    into.seconds = this.#seconds;
    into.microseconds = 0;
  }
}

function parseShortDate(cursor: ByteCursor, offset: number, hasZone: boolean): number {
  const year = cursor.u8(offset);
  const month = cursor.u8(offset + 1);
  const day = cursor.u8(offset + 2);
  if ((year | month | day) === 0) return UNSPECIFIED;
  const zone = hasZone ? cursor.i8(offset + 6) : 0;
  const local = civilSeconds(
    YEAR_BASE + year,
    month,
    day,
    cursor.u8(offset + 3),
    cursor.u8(offset + 4),
    cursor.u8(offset + 5),
  );
  return zone >= -MAX_ZONE && zone <= MAX_ZONE ? local - zone * ZONE_SECONDS : local;
}

/**
 * ECMA-119 8.4.26.1 Date and Time, 17 bytes, or 16 without time zone (`hasZone`) in High Sierra; false and `into`
 * untouched when it is not specified or no date.
 */
export function readLongDate(cursor: ByteCursor, offset: number, into: Timestamp, hasZone = true): boolean {
  const digits = Buffer.from(cursor.slice(offset, 16)).toString('latin1');
  if (!/^\d{14}/.test(digits) || /^0{14}/.test(digits)) return false;
  const field = (start: number, end: number): number => Number.parseInt(digits.slice(start, end), 10);
  const zone = hasZone ? cursor.i8(offset + 16) : 0;
  const local = civilSeconds(
    field(0, 4),
    field(4, 6),
    field(6, 8),
    field(8, 10),
    field(10, 12),
    field(12, 14),
  );
  into.seconds = zone >= -MAX_ZONE && zone <= MAX_ZONE ? local - zone * ZONE_SECONDS : local;
  // MagicISO writes two NULs instead of hundredths.
  into.microseconds = /\d\d$/.test(digits) ? field(14, 16) * 10_000 : 0;
  return true;
}
