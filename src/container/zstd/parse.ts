// Frames of Zstandard (RFC 8878) and the seek table of its seekable format, all little-endian.
import { ByteCursor } from '../../base/byte-cursor.js';

/** RFC 8878 3.1.1 and 3.1.2. */
export const FRAME_MAGIC = 0xfd2f_b528;
const SKIPPABLE_MAGIC = 0x184d_2a50;
/** Longest header of a frame, magic number included. */
export const MAX_HEADER_BYTES = 18;
export const BLOCK_HEADER_BYTES = 3;
export const SKIPPABLE_HEADER_BYTES = 8;
/** Seekable format: frames, flags, magic number. */
export const FOOTER_BYTES = 9;
const FOOTER_MAGIC = 0x8f92_eab1;
const TABLE_MAGIC = 0x184d_2a5e;
const HAS_SUMS = 0x80;

export interface FrameHeader {
  readonly bytes: number;
  /** Of the content, where it is told. */
  readonly size: number | undefined;
  readonly hasSum: boolean;
}

/** Bytes of a skippable frame; undefined for another. */
export function parseSkippable(bytes: Uint8Array): number | undefined {
  if (bytes.length < SKIPPABLE_HEADER_BYTES) return undefined;
  const cursor = new ByteCursor(bytes, 'Zstandard frame', 0);
  if (cursor.u32le(0) - (cursor.u32le(0) % 16) !== SKIPPABLE_MAGIC) return undefined;
  return SKIPPABLE_HEADER_BYTES + cursor.u32le(4);
}

/** 3.1.1.1; undefined for what is no frame, or cut off. */
export function parseFrameHeader(bytes: Uint8Array): FrameHeader | undefined {
  if (bytes.length < 6) return undefined;
  const cursor = new ByteCursor(bytes, 'Zstandard frame', 0);
  if (cursor.u32le(0) !== FRAME_MAGIC) return undefined;
  const descriptor = cursor.u8(4);
  const isSingle = (descriptor & 0x20) !== 0;
  const kind = descriptor >> 6;
  const sizeBytes = kind === 0 ? (isSingle ? 1 : 0) : 1 << kind;
  const at = 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  if (at + sizeBytes > bytes.length) return undefined;
  return { bytes: at + sizeBytes, size: readSize(cursor, at, sizeBytes), hasSum: (descriptor & 4) !== 0 };
}

/** 3.1.1.1.4: one of 2 bytes counts from 256 on. */
function readSize(cursor: ByteCursor, at: number, bytes: number): number | undefined {
  if (bytes === 0) return undefined;
  if (bytes === 1) return cursor.u8(at);
  if (bytes === 2) return cursor.u16le(at) + 256;
  return bytes === 4 ? cursor.u32le(at) : cursor.u32le(at) + cursor.u32le(at + 4) * 2 ** 32;
}

/** 3.1.1.2: bytes of a block with its header, and whether it is the last. */
export function parseBlockHeader(bytes: Uint8Array): { readonly bytes: number; readonly isLast: boolean } {
  const word = bytes[0]! + bytes[1]! * 256 + bytes[2]! * 65_536;
  const isRun = ((word >> 1) & 3) === 1;
  return { bytes: BLOCK_HEADER_BYTES + (isRun ? 1 : word >>> 3), isLast: (word & 1) === 1 };
}

export interface SeekTable {
  readonly frames: number;
  readonly entryBytes: number;
  /** Of the whole table, its own frame and the footer included. */
  readonly bytes: number;
}

/** Of the last bytes of a file; undefined where it has no table. */
export function parseSeekFooter(bytes: Uint8Array): SeekTable | undefined {
  if (bytes.length < FOOTER_BYTES) return undefined;
  const cursor = new ByteCursor(bytes, 'Zstandard seek table', 0);
  if (cursor.u32le(5) !== FOOTER_MAGIC) return undefined;
  const frames = cursor.u32le(0);
  const entryBytes = (cursor.u8(4) & HAS_SUMS) !== 0 ? 12 : 8;
  return { frames, entryBytes, bytes: SKIPPABLE_HEADER_BYTES + frames * entryBytes + FOOTER_BYTES };
}

export function isSeekTable(table: Uint8Array): boolean {
  const cursor = new ByteCursor(table, 'Zstandard seek table', 0);
  return cursor.u32le(0) === TABLE_MAGIC && cursor.u32le(4) === table.length - SKIPPABLE_HEADER_BYTES;
}
