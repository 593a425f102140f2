// Paths as text that loses nothing: a path of Linux, or a name on a disc, is bytes. Bytes that are not UTF-8 are
// carried as U+DC80 to U+DCFF, the low surrogates that no valid text holds alone (Python's "surrogateescape", PEP 383).
import { isUtf8 } from 'node:buffer';
import { readFileSync, readlinkSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { IsodriveError } from './error.js';

/** Where byte 0x80 would be, were it 0x00. */
const ESCAPE_BASE = 0xdc00;
/** A byte that is not UTF-8; in a pair, a low surrogate is no character of its own under "u". */
const ESCAPED_BYTE = /[\udc80-\udcff]/u;
/** A character of UTF-8 beyond ASCII, or a byte that belongs to none, in Latin-1 (RFC 3629 4). */
const CHARACTER =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;

/** Text from which encodePath makes these very bytes. */
export function decodePath(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Unlike TextDecoder, toString keeps a byte order mark.
  if (isUtf8(buffer)) return buffer.toString();
  return buffer
    .toString('latin1')
    .replace(CHARACTER, (found) =>
      found.length > 1
        ? Buffer.from(found, 'latin1').toString()
        : String.fromCharCode(ESCAPE_BASE + found.charCodeAt(0)),
    );
}

/** The bytes of a text that decodePath has made, or of any other in UTF-8. */
export function encodePath(text: string): Buffer {
  if (!holdsRawBytes(text)) return Buffer.from(text);
  const pieces: Buffer[] = [];
  for (const piece of text.split(/([\udc80-\udcff])/u)) {
    const isByte = piece.length === 1 && ESCAPED_BYTE.test(piece);
    pieces.push(isByte ? Buffer.of(piece.charCodeAt(0) - ESCAPE_BASE) : Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}

/** Whether a text stands for bytes that are not UTF-8. */
export function holdsRawBytes(text: string): boolean {
  return ESCAPED_BYTE.test(text);
}

/** A path as functions of node:fs take it: only bytes name what is not UTF-8. */
export function hostPath(text: string): string | Buffer {
  return holdsRawBytes(text) ? encodePath(text) : text;
}

/** As realpath of node:fs/promises. */
export async function realHostPath(path: string): Promise<string> {
  return decodePath(await realpath(hostPath(path), { encoding: 'buffer' }));
}

/** As resolve of node:path, also where the working folder is not UTF-8. */
export function resolveHostPath(path: string): string {
  if (!path.startsWith('/') && process.platform === 'linux' && process.cwd().includes('\ufffd'))
    return resolve(decodePath(readlinkSync('/proc/self/cwd', { encoding: 'buffer' })), path);
  return resolve(path);
}

/**
 * `process.argv` without program and script: Node has put U+FFFD where an argument is not UTF-8, the kernel has the
 * bytes.
 */
export function readArguments(): string[] {
  const decoded = process.argv.slice(2);
  if (process.platform !== 'linux' || !decoded.some((text) => text.includes('\ufffd'))) return decoded;
  // Options of node itself stand in front, so they are counted from the end; each ends with a zero byte.
  const all = splitAtZeros(readFileSync('/proc/self/cmdline')).slice(-decoded.length);
  const isSame = all.every((bytes, i) => bytes.toString() === decoded[i]);
  return isSame ? all.map(decodePath) : decoded;
}

/** Throws `usage` for a path that is not UTF-8, where only UTF-8 can be used; U+FFFD is what Node made of it. */
export function refuseRawBytes(path: string, what: string, action: string): void {
  if (!holdsRawBytes(path) && !path.includes('\ufffd')) return;
  throw new IsodriveError('usage', `${what} is "${path}", which is not UTF-8, expected a path in UTF-8`, {
    action,
  });
}

/** As the kernel lists arguments and variables. */
export function splitAtZeros(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0, start);
    pieces.push(bytes.subarray(start, end < 0 ? bytes.length : end));
    start = end < 0 ? bytes.length : end + 1;
  }
  return pieces;
}
