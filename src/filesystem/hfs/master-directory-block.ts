// The Master Directory Block (Inside Macintosh: Files, 2-60): what an HFS volume, or the wrapper around an HFS+
// volume, says of itself in its third sector.
import type { ByteCursor } from '../../base/byte-cursor.js';

/** Byte offset of the block in its volume; that of HFS+ volume headers as well. */
export const MDB_OFFSET = 1024;
export const MDB_BYTES = 162;
export const HFS_SIGNATURE = 0x4244;
/** Unit in which drAlBlSt counts. */
const SECTOR = 512;

export interface MasterDirectoryBlock {
  readonly created: number;
  readonly modified: number;
  readonly blockCount: number;
  /** Bytes of an allocation block. */
  readonly blockSize: number;
  /** Byte offset in the volume of allocation block 0. */
  readonly firstBlock: number;
  /** Mac Roman. */
  readonly name: Uint8Array;
  readonly catalogSize: number;
  readonly overflowSize: number;
  /** An HFS+ volume in this one: its allocation blocks. */
  readonly embedded: { readonly start: number; readonly count: number } | undefined;
}

/** Offsets of the first three extents of the two B-trees. */
export const MDB_EXTENTS = { overflow: 134, catalog: 150 } as const;

export function parseMasterDirectoryBlock(cursor: ByteCursor): MasterDirectoryBlock {
  const nameLength = Math.min(cursor.u8(36), 27); // drVN, offset 36: Pascal string of at most 27 bytes
  const embedded = cursor.u16be(124); // drEmbedSigWord, offset 124
  const isWrapper = embedded === 0x482b || embedded === 0x4858;
  return {
    created: cursor.u32be(2), // drCrDate, offset 2
    modified: cursor.u32be(6), // drLsMod, offset 6
    blockCount: cursor.u16be(18), // drNmAlBlks, offset 18
    blockSize: cursor.u32be(20), // drAlBlkSiz, offset 20
    firstBlock: cursor.u16be(28) * SECTOR, // drAlBlSt, offset 28
    name: cursor.slice(37, nameLength).slice(),
    overflowSize: cursor.u32be(130), // drXTFlSize, offset 130
    catalogSize: cursor.u32be(146), // drCTFlSize, offset 146
    // drEmbedExtent, offset 126
    embedded: isWrapper ? { start: cursor.u16be(126), count: cursor.u16be(128) } : undefined,
  };
}
