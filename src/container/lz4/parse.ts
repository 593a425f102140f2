// The header of a frame of LZ4.
import { ByteCursor } from '../../base/byte-cursor.js';

const MAGIC = 0x184d_2204;
export const MAX_HEADER_BYTES = 19;
/** FLG, the byte behind the magic number. */
const FLG = { dictionary: 0x01, contentSum: 0x04, contentSize: 0x08, blockSum: 0x10, isApart: 0x20 } as const;

export interface Frame {
  /** Of the header. */
  readonly bytes: number;
  readonly blockBytes: number;
  /** Blocks need those before them. */
  readonly isLinked: boolean;
  readonly hasBlockSums: boolean;
  readonly hasSum: boolean;
  /** Of the content, where it is told. */
  readonly size: number | undefined;
}

/** Undefined for what is no frame, needs a dictionary, or is cut off. */
export function parseFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length < 7) return undefined;
  const cursor = new ByteCursor(bytes, 'LZ4 frame', 0);
  const flags = cursor.u8(4);
  // BD: bits 4 to 6, from 64 KiB on by four.
  const kind = (cursor.u8(5) >> 4) & 7;
  if (cursor.u32le(0) !== MAGIC || flags >> 6 !== 1 || kind < 4 || (flags & FLG.dictionary) !== 0)
    return undefined;
  const isTold = (flags & FLG.contentSize) !== 0;
  if (isTold && bytes.length < 15) return undefined;
  return {
    bytes: isTold ? 15 : 7,
    blockBytes: 65_536 * 4 ** (kind - 4),
    isLinked: (flags & FLG.isApart) === 0,
    hasBlockSums: (flags & FLG.blockSum) !== 0,
    hasSum: (flags & FLG.contentSum) !== 0,
    size: isTold ? cursor.u32le(6) + cursor.u32le(10) * 2 ** 32 : undefined,
  };
}
