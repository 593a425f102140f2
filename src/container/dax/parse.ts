// DAX (dax.h of its author, as maxcso writes it), little-endian: a header, an offset and a length of each frame of
// 8192 bytes, and ranges of frames that are stored as they are.
import { ByteCursor } from '../../base/byte-cursor.js';

export const HEADER_BYTES = 32;
export const FRAME_BYTES = 8192;
export const OFFSET_BYTES = 4;
export const LENGTH_BYTES = 2;
export const AREA_BYTES = 8;

export interface DaxHeader {
  readonly size: number;
  readonly frames: number;
  /** Ranges of frames; none in version 0. */
  readonly areas: number;
}

/** Undefined for what is none. */
export function parseHeader(bytes: Uint8Array): DaxHeader | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const cursor = new ByteCursor(bytes, 'DAX header', 0);
  const version = cursor.u32le(8);
  if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== 'DAX\0' || version > 1) return undefined;
  const size = cursor.u32le(4);
  return { size, frames: Math.ceil(size / FRAME_BYTES), areas: version === 0 ? 0 : cursor.u32le(12) };
}

/** For each frame whether it is stored as it is; undefined where the ranges hold more frames than there are. */
export function parseAreas(bytes: Uint8Array, frames: number): Uint8Array | undefined {
  const cursor = new ByteCursor(bytes, 'DAX areas', 0);
  const isStored = new Uint8Array(frames);
  let total = 0;
  for (let at = 0; at < bytes.length; at += AREA_BYTES) {
    const first = cursor.u32le(at);
    const count = cursor.u32le(at + 4);
    total += count;
    if (total > frames || first > frames - count) return undefined;
    isStored.fill(1, first, first + count);
  }
  return isStored;
}
