// ZF and Z2: the System Use fields that say that a file's extents hold its content compressed (libisofs,
// doc/zisofs_format.txt and zisofs2_format.txt). They repeat what the file's own header says, and win over it, as in
// Linux, which never looks at the header.
import { countBytes } from '../../../base/byte-count.js';
import type { ByteCursor } from '../../../base/byte-cursor.js';
import type { Algorithm } from '../../../codec/decompress.js';

/** Signatures as big-endian numbers. */
export const ZISOFS_FIELD = { ZF: 0x5a46, Z2: 0x5a32 } as const;

const FIELD_BYTES = 16;
/** Format versions, in BP 4. */
const ZISOFS_1 = 1;
const ZISOFS_2 = 2;
/** Binary logarithms of block sizes. Writers use 15 to 17, in version 2 up to 20; Linux takes all below too. */
export const MIN_BLOCK_SHIFT = 9;
export const MAX_BLOCK_SHIFT = { [ZISOFS_1]: 17, [ZISOFS_2]: 20 } as const;

/** Algorithms by their two characters (BP 5-6), each at the place of its number in a file's header. */
const ALGORITHMS: readonly (readonly [number, Algorithm])[] = [
  [0x707a, 'zlib'], // "pz", version 1
  [0x505a, 'zlib'], // "PZ"
  [0x585a, 'xz'], // "XZ"
  [0x4c34, 'lz4'], // "L4"
  [0x5a44, 'zstd'], // "ZD"
  [0x4232, 'bzip2'], // "B2"
];

/** What the decoder has to know of a file; fits in the 32 bits of DirectoryEntry.codingParameters. */
export interface ZisofsParameters {
  readonly version: 1 | 2;
  readonly algorithm: Algorithm;
  /** Bytes before the block pointers. */
  readonly headerBytes: number;
  /** Bytes of a decompressed block, as a binary logarithm. */
  readonly blockShift: number;
}

/** A field as it is read: the parameters packed, or what is wrong with it. */
export interface ZisofsField {
  parameters: number;
  /** Bytes of the content. */
  size: number;
  /** Empty when the field can be used. */
  fault: string;
}

/** Reads the field at `at`; a single record is overwritten, because fields come by the thousand. */
export function readZisofsField(cursor: ByteCursor, at: number, length: number, into: ZisofsField): void {
  into.fault = '';
  if (length < FIELD_BYTES) {
    into.fault = `field has ${countBytes(length)}, expected ${FIELD_BYTES}`;
    return;
  }
  const version = cursor.u8(at + 3); // BP 4
  const characters = cursor.u16be(at + 4); // BP 5-6
  const headerWords = cursor.u8(at + 6); // BP 7, in units of four bytes
  const blockShift = cursor.u8(at + 7); // BP 8
  const number = findAlgorithm(characters);
  if (version !== ZISOFS_1 && version !== ZISOFS_2) into.fault = `version is ${version}, expected 1 or 2`;
  else if (number < 0 || (version === ZISOFS_1 && number !== 0)) {
    into.fault = `algorithm is 0x${characters.toString(16)}, expected one that is defined`;
  } else if (blockShift < MIN_BLOCK_SHIFT || blockShift > MAX_BLOCK_SHIFT[version]) {
    into.fault = `block size is 2^${blockShift}, expected 2^${MIN_BLOCK_SHIFT} to 2^${MAX_BLOCK_SHIFT[version]}`;
  }
  into.parameters = ((version << 24) | (number << 16) | (headerWords << 8) | blockShift) >>> 0;
  // BP 9-16: both-endian in version 1, 64 bits little-endian in version 2.
  into.size =
    version === ZISOFS_1
      ? cursor.u32both(at + 8)
      : cursor.u32le(at + 8) + cursor.u32le(at + 12) * 0x1_0000_0000;
  if (into.size > Number.MAX_SAFE_INTEGER) into.fault = `size is ${into.size}, expected less than 2^53`;
}

/** Linux and libisofs compare the characters as they stand; zisofs2_format.txt gives them in two spellings. */
function findAlgorithm(characters: number): number {
  const exact = ALGORITHMS.findIndex(([known]) => known === characters);
  if (exact >= 0) return exact;
  return ALGORITHMS.findIndex(([known], i) => i > 0 && known === (characters & ~0x2020));
}

export function unpackParameters(packed: number): ZisofsParameters {
  return {
    version: packed >>> 24 === ZISOFS_1 ? ZISOFS_1 : ZISOFS_2,
    algorithm: ALGORITHMS[(packed >>> 16) & 0xff]?.[1] ?? 'zlib',
    headerBytes: ((packed >>> 8) & 0xff) * 4,
    blockShift: packed & 0xff,
  };
}
