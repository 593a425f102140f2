// JSO (the layout that rom-properties gives in ciso_psp_structs.h), little-endian: a header, and an index of 32 bits a
// block and of the end.
import { ByteCursor } from '../../base/byte-cursor.js';
import { EMPTY_SPAN, mostPackedBytes } from '../packed/block-image.js';
import type { StoredBlock } from '../packed/packed-blocks.js';

export const HEADER_BYTES = 0x30;
export const ENTRY_BYTES = 4;
const METHODS = ['lzo', 'deflate'] as const;

export interface JsoHeader {
  readonly method: (typeof METHODS)[number];
  readonly size: number;
  readonly blockBytes: number;
  /** Where the index is. */
  readonly headerBytes: number;
}

/** Undefined for what is none. */
export function parseHeader(bytes: Uint8Array): JsoHeader | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== 'JISO') return undefined;
  const cursor = new ByteCursor(bytes, 'JSO header', 0);
  const method = METHODS[cursor.u8(0x0a)];
  const headerBytes = cursor.u32le(0x20);
  if (method === undefined || headerBytes < HEADER_BYTES) return undefined;
  return { method, size: cursor.u32le(0x0c), blockBytes: cursor.u16le(6), headerBytes };
}

/** Blocks from number `first` on, by their entries of the index and the one behind them. */
export function parseEntries(
  { size, blockBytes }: JsoHeader,
  bytes: Uint8Array,
  first: number,
): StoredBlock[] {
  const cursor = new ByteCursor(bytes, 'index of JSO', 0);
  return Array.from({ length: bytes.length / ENTRY_BYTES - 1 }, (_, i) => {
    const offset = cursor.u32le(i * ENTRY_BYTES);
    const span = cursor.u32le((i + 1) * ENTRY_BYTES) - offset;
    const content = Math.min(blockBytes, size - (first + i) * blockBytes);
    const isStored = span === blockBytes || span === content;
    const block: StoredBlock = {
      offset,
      length: Math.max(0, Math.min(span, isStored ? content : mostPackedBytes(blockBytes))),
      size: content,
      filledSize: blockBytes,
      coding: isStored ? 'stored' : 'deflate',
    };
    return span > 0 ? block : { ...block, fault: EMPTY_SPAN };
  });
}
