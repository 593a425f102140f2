// CSO of versions 0, 1 and 2, and ZSO (the formats of README_CSO.md and README_ZSO.md of maxcso), all little-endian: a
// header, and an index of 32 bits a block and of the end.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { StoredBlock } from '../packed/packed-blocks.js';
import { EMPTY_SPAN, mostPackedBytes } from '../packed/block-image.js';

/** The index follows the header, whose own size (at byte 4) programs write wrongly. */
export const HEADER_BYTES = 24;
export const ENTRY_BYTES = 4;
const HIGHEST_BIT = 0x8000_0000;
/** Of offsets of 31 bits, with which 2^42 bytes can be told. */
const MAX_SHIFT = 11;

export interface CsoHeader {
  readonly kind: 'cso' | 'cso2' | 'zso';
  /** Of the image. */
  readonly size: number;
  readonly blockBytes: number;
  /** Offsets are stored without so many bits. */
  readonly shift: number;
}

/** Undefined for what is none, a GameCube's image of the same magic number among it. */
export function parseHeader(bytes: Uint8Array): CsoHeader | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const magic = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  if (magic !== 'CISO' && magic !== 'ZISO') return undefined;
  const cursor = new ByteCursor(bytes, 'CSO header', 0);
  // The header of that one is a map of bytes that are 0 or 1.
  if (bytes.subarray(8, HEADER_BYTES).every((byte) => byte <= 1)) return undefined;
  const version = cursor.u8(20);
  const shift = cursor.u8(21);
  if (version > 2 || shift > MAX_SHIFT || (magic === 'ZISO' && version > 1)) return undefined;
  return {
    kind: magic === 'ZISO' ? 'zso' : version === 2 ? 'cso2' : 'cso',
    size: cursor.u32le(8) + cursor.u32le(12) * 2 ** 32,
    blockBytes: cursor.u32le(16),
    shift,
  };
}

/** Blocks from number `first` on, by their entries of the index and the one behind them. */
export function parseEntries(
  { kind, size, blockBytes, shift }: CsoHeader,
  bytes: Uint8Array,
  first: number,
): StoredBlock[] {
  const cursor = new ByteCursor(bytes, 'index of CSO', 0);
  const count = bytes.length / ENTRY_BYTES - 1;
  return Array.from({ length: count }, (_, i) => {
    const entry = cursor.u32le(i * ENTRY_BYTES);
    const offset = (entry & ~HIGHEST_BIT) * 2 ** shift;
    const span = (cursor.u32le((i + 1) * ENTRY_BYTES) & ~HIGHEST_BIT) * 2 ** shift - offset;
    const content = Math.min(blockBytes, size - (first + i) * blockBytes);
    const isMarked = entry >= HIGHEST_BIT;
    const coding = codingOf(kind, isMarked, span >= blockBytes);
    // Blocks are padded where offsets lack bits; and the last one is stored with as many bytes as it has.
    const length = Math.min(span, coding === 'stored' ? content : mostPackedBytes(blockBytes) + 2 ** shift);
    const block = { offset, length, size: content, filledSize: blockBytes, coding };
    return span > 0 ? block : { ...block, length: 0, fault: EMPTY_SPAN };
  });
}

function codingOf(kind: CsoHeader['kind'], isMarked: boolean, isLong: boolean): StoredBlock['coding'] {
  if (kind === 'cso2') return isLong ? 'stored' : isMarked ? 'lz4-padded' : 'deflate';
  if (isMarked) return 'stored';
  return kind === 'zso' ? 'lz4-padded' : 'deflate';
}
