// Joliet: a second tree in a supplementary descriptor whose names are UCS-2, big-endian (Joliet Specification, 1995).
import type { ByteCursor } from '../../base/byte-cursor.js';

const PERCENT = 0x25;
const SLASH = 0x2f;
/** Third byte of the escape sequence by level: "@", "C", "E" (Joliet, table 1). */
const LEVELS: readonly (readonly [number, number])[] = [
  [0x40, 1],
  [0x43, 2],
  [0x45, 3],
];
const DOT = 0x2e;
const REPLACEMENT = 0xfffd;

/** Level 1 to 3 of the escape sequences (32 bytes), 0 when they are not Joliet's. */
export function jolietLevel(escapes: Uint8Array): number {
  if (escapes[0] !== PERCENT || escapes[1] !== SLASH) return 0;
  return LEVELS.find(([byte]) => byte === escapes[2])?.[1] ?? 0;
}

/** Text of a descriptor, trailing blanks and NULs taken off. */
export function decodeUcs2(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode((bytes[i]! << 8) | bytes[i + 1]!);
  return text.replace(/[\0 ]+$/, '');
}

/**
 * Writes a Joliet name as UTF-8 into `target` and gives its length: up to a NUL, ";1" and trailing dots taken off as
 * Linux does it. Half a surrogate pair becomes U+FFFD.
 */
export function writeJolietName(
  cursor: ByteCursor,
  offset: number,
  nameLength: number,
  target: Uint8Array,
): number {
  const end = offset + (nameLength & ~1);
  let length = 0;
  for (let i = offset; i < end; i += 2) {
    let unit = cursor.u16be(i);
    if (unit === 0) break;
    if (unit >= 0xd800 && unit < 0xe000) {
      const low = i + 2 < end ? cursor.u16be(i + 2) : 0;
      if (unit < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        i += 2;
      } else unit = REPLACEMENT;
    }
    length = writeUtf8(unit, target, length);
  }
  return trimJolietName(target, length);
}

function trimJolietName(name: Uint8Array, length: number): number {
  let end = length;
  if (end > 2 && name[end - 2] === 0x3b && name[end - 1] === 0x31) end -= 2;
  while (end >= 2 && name[end - 1] === DOT) end -= 1;
  return end;
}

function writeUtf8(code: number, target: Uint8Array, at: number): number {
  if (code < 0x80) {
    target[at] = code;
    return at + 1;
  }
  if (code < 0x800) {
    target[at] = 0xc0 | (code >> 6);
    target[at + 1] = 0x80 | (code & 0x3f);
    return at + 2;
  }
  if (code < 0x10000) {
    target[at] = 0xe0 | (code >> 12);
    target[at + 1] = 0x80 | ((code >> 6) & 0x3f);
    target[at + 2] = 0x80 | (code & 0x3f);
    return at + 3;
  }
  target[at] = 0xf0 | (code >> 18);
  target[at + 1] = 0x80 | ((code >> 12) & 0x3f);
  target[at + 2] = 0x80 | ((code >> 6) & 0x3f);
  target[at + 3] = 0x80 | (code & 0x3f);
  return at + 4;
}
