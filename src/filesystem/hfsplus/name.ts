// Names of HFS+ as Linux shows them: composed (the disc has them decomposed), "/" as ":", and NUL as U+2400.
import type { ByteCursor } from '../../base/byte-cursor.js';

/** Longest name, in UTF-16 units (TN1150, "Unicode Subtleties"). */
export const MAX_NAME_UNITS = 255;
const SLASH = 0x2f;
const COLON = 0x3a;
const NUL_SYMBOL = 0x2400;
/**
 * Ranges that HFS+ never decomposes (TN1150, "Unicode Subtleties"): what stands there means itself, and composition,
 * which would replace some of it, leaves it alone.
 */
const KEPT = /[\u2000-\u2fff\uf900-\ufaff\u{2f800}-\u{2faff}]+/u;
const encoder = new TextEncoder();

/** Writes the name of `units` UTF-16 units as UTF-8 into `target`; gives its length. Half a surrogate is U+FFFD. */
export function writeHfsPlusName(
  cursor: ByteCursor,
  offset: number,
  units: number,
  target: Uint8Array,
): number {
  const count = Math.min(units, MAX_NAME_UNITS);
  for (let i = 0; i < count; i += 1) {
    const unit = cursor.u16be(offset + 2 * i);
    if (unit === 0 || unit >= 0x80) return writeUnicode(cursor, offset, count, target);
    target[i] = unit === SLASH ? COLON : unit;
  }
  return count;
}

function writeUnicode(cursor: ByteCursor, offset: number, count: number, target: Uint8Array): number {
  let text = '';
  for (let i = 0; i < count; i += 1) {
    const unit = cursor.u16be(offset + 2 * i);
    text += String.fromCharCode(unit === SLASH ? COLON : unit === 0 ? NUL_SYMBOL : unit);
  }
  return encoder.encodeInto(composeName(text), target).written;
}

/**
 * Canonical composition of everything but the ranges that HFS+ keeps. What Unicode by now excludes from composition
 * (some Indic letters with a nukta) stays in two characters, where Linux's older table makes one of them.
 */
export function composeName(text: string): string {
  let rest = text;
  let result = '';
  for (let match = KEPT.exec(rest); match !== null; match = KEPT.exec(rest)) {
    result += rest.slice(0, match.index).normalize('NFC') + match[0];
    rest = rest.slice(match.index + match[0].length);
  }
  return result + rest.normalize('NFC');
}
