// User data of a disc as one run of bytes, however its image stores them: what parsers, views and drives read.
import type { ByteSource } from '../source/byte-source.js';

/** Bytes of user data in a sector of a data disc (ECMA-130 14, mode 1; ECMA-167). */
export const SECTOR_SIZE = 2048;

/** Largest address that may stand in an image's stead: those of ECMA-119 and ECMA-167 have 32 bits. */
export const MAX_SECTOR_OFFSET = 0xffff_ffff;

/** Byte-addressed user data, 2048 bytes a sector. Its methods keep the contract of ByteSource. */
export interface DataStream extends Pick<ByteSource, 'name' | 'size' | 'read' | 'readCached' | 'sendCached'> {
  /**
   * A view, not a copy, of bytes that are in memory already, or undefined. Never does I/O. The view is valid until
   * the next call on the source.
   */
  peek?(position: number, length: number): Uint8Array | undefined;
}
