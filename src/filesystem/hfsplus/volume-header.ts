// The volume header of HFS+ and HFSX (Apple TN1150, "Volume Header"), 1024 bytes into the volume.
import { countBytes } from '../../base/byte-count.js';
import type { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';

export const HEADER_OFFSET = 1024;
export const HEADER_BYTES = 512;
/** TN1150: powers of two from 512; real volumes have 4096. */
const MIN_BLOCK_SIZE = 512;
export const MAX_BLOCK_SIZE = 16 * 1024 * 1024;
/** Bytes that a volume may have: offsets in it are exact numbers. */
export const MAX_VOLUME_BYTES = 2 ** 52;
const SIGNATURES = [0x482b, 0x4858];

export interface VolumeHeader {
  readonly created: number;
  readonly modified: number;
  readonly blockSize: number;
  readonly blockCount: number;
}

/** Offsets of the fork data of the special files. */
export const HEADER_FORK = { overflow: 192, catalog: 272, attributes: 352 } as const;

/** Throws `damaged` when the volume cannot be used. */
export function parseVolumeHeader(cursor: ByteCursor): VolumeHeader {
  const signature = cursor.u16be(0); // signature, offset 0
  const blockSize = cursor.u32be(40); // blockSize, offset 40
  const blockCount = cursor.u32be(44); // totalBlocks, offset 44
  const fits =
    blockSize >= MIN_BLOCK_SIZE && blockSize <= MAX_BLOCK_SIZE && (blockSize & (blockSize - 1)) === 0;
  if (!SIGNATURES.includes(signature) || !fits || blockSize * blockCount > MAX_VOLUME_BYTES) {
    const source = cursor.sourceName;
    throw new IsodriveError(
      'damaged',
      `Cannot read the HFS+ volume of "${source}": signature is 0x${signature.toString(16)} with ${blockCount} ` +
        `blocks of ${countBytes(blockSize)}, expected 0x482b or 0x4858 with blocks of a power of two`,
      { at: { source, offset: cursor.offsetInSource(0), clause: 'TN1150 Volume Header' } },
    );
  }
  return {
    created: cursor.u32be(16), // createDate, offset 16; local time, unlike all others
    modified: cursor.u32be(20), // modifyDate, offset 20
    blockSize,
    blockCount,
  };
}
