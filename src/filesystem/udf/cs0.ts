// OSTA compressed Unicode (UDF 2.1.1, 2.1.2): texts of descriptors, and file identifiers as POSIX names.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { crcOf } from '../../base/crc16.js';

/** Bytes of a shown name: Linux's bound, one less than NAME_MAX, so that names are those that a kernel mount shows. */
const MAX_SHOWN_BYTES = 254;
/** "#" and four hexadecimal digits: tells names apart that had to be changed (UDF 4.2.2.1.5). */
const CRC_SUFFIX_BYTES = 5;
/** Longest extension that a changed name keeps, in characters (UDF 4.2.2.1.5). */
const MAX_EXTENSION = 5;
const DOT = 0x2e;
const SLASH = 0x2f;
const ILLEGAL_MARK = 0x5f;

/** Text of `length` bytes, the first of which is the compression id: 8 or 16 bits a character; undefined for others. */
export function decodeCs0(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return '';
  const text = Buffer.from(bytes.subarray(1));
  if (bytes[0] === 8) return text.toString('latin1');
  if (bytes[0] !== 16) return undefined;
  return text
    .subarray(0, text.length & ~1)
    .swap16()
    .toString('utf16le');
}

/** A dstring (ECMA-167 1/7.2.12): its last byte is the number of bytes used. Empty when it is none. */
export function readDstring(cursor: ByteCursor, offset: number, fieldBytes: number): string {
  const used = Math.min(cursor.u8(offset + fieldBytes - 1), fieldBytes - 1);
  const text = decodeCs0(cursor.slice(offset, used)) ?? '';
  return text.replace(/[\0 ]+$/, '');
}

/**
 * Writes the file identifier of `length` bytes at `offset` (compression id first) as UTF-8 into `target` and gives the
 * number of bytes: 0 when it has no name. Names that POSIX cannot hold are changed as UDF 4.2.2.1.5 says, with a
 * checksum behind them.
 */
export function writeCs0Name(cursor: ByteCursor, offset: number, length: number, target: Uint8Array): number {
  if (length === 0) return 0;
  const plain = writePlainName(cursor, offset, length, target);
  return plain >= 0 ? plain : writeAnyName(cursor.slice(offset, length), target);
}

/** The usual case without an allocation: ASCII without "/" and NUL, of 8 bits a character. -1 for all others. */
function writePlainName(cursor: ByteCursor, offset: number, bytes: number, target: Uint8Array): number {
  const length = bytes - 1;
  const isDots = length <= 2 && cursor.u8(offset + length) === DOT;
  if (cursor.u8(offset) !== 8 || length > MAX_SHOWN_BYTES || isDots) return -1;
  for (let i = 0; i < length; i += 1) {
    const byte = cursor.u8(offset + 1 + i);
    if (byte === 0 || byte === SLASH || byte > 0x7f) return -1;
    target[i] = byte;
  }
  return length;
}

function writeAnyName(identifier: Uint8Array, target: Uint8Array): number {
  // An unknown compression id is a damaged byte: the characters behind it are still worth showing.
  const text = decodeCs0(identifier) ?? Buffer.from(identifier.subarray(1)).toString('latin1');
  const points = Array.from(text, (character) => character.codePointAt(0)!);
  const dot = findExtension(points);
  const extension = encode(points.slice(dot), MAX_SHOWN_BYTES);
  const base = encode(points.slice(0, dot), MAX_SHOWN_BYTES - extension.bytes.length);
  const isDots = dot === points.length && /^\.\.?$/.test(text);
  let parts = [base.bytes, extension.bytes];
  if (base.changed || extension.changed || isDots) {
    const room = MAX_SHOWN_BYTES - CRC_SUFFIX_BYTES - extension.bytes.length;
    const crc = crcOf(identifier.subarray(1)).toString(16).toUpperCase().padStart(4, '0');
    parts = [encode(points.slice(0, dot), room).bytes, Buffer.from(`#${crc}`), extension.bytes];
  }
  let length = 0;
  for (const part of parts) {
    target.set(part, length);
    length += part.length;
  }
  return length;
}

/** Index of the dot of a short extension, or the number of characters. */
function findExtension(points: readonly number[]): number {
  const dot = points.lastIndexOf(DOT);
  const length = points.length - dot - 1;
  return dot >= 0 && length > 0 && length < MAX_EXTENSION ? dot : points.length;
}

/**
 * UTF-8 of at most `room` bytes, a run of characters that no name may have as one mark; `changed` when not all as it
 * was.
 */
function encode(points: readonly number[], room: number): { bytes: Uint8Array; changed: boolean } {
  let text = '';
  let changed = false;
  for (const [index, point] of points.entries()) {
    const isSurrogate = point >= 0xd800 && point <= 0xdfff;
    if (point !== 0 && point !== SLASH && !isSurrogate) {
      text += String.fromCodePoint(point);
      continue;
    }
    changed = true;
    const before = points[index - 1];
    if (isSurrogate) text += '?';
    else if (before !== 0 && before !== SLASH) text += String.fromCharCode(ILLEGAL_MARK);
  }
  let bytes: Uint8Array = new TextEncoder().encode(text);
  if (bytes.length > room) {
    changed = true;
    let end = room;
    // Never cut inside a UTF-8 sequence: continuation bytes are 10xxxxxx.
    while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
    bytes = bytes.subarray(0, end);
  }
  return { bytes, changed };
}
