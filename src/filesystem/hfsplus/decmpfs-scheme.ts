// The ways in which Mac OS compresses files, by the type in the header (decmpfs.h of XNU; copyfile.c): where the
// content is, what compressed it, and how bytes that do not shrink are told.
import { countBytes } from '../../base/byte-count.js';
import type { Algorithm } from '../../codec/decompress.js';

/** Bytes of content behind one attribute: it is decompressed in one piece. */
export const MAX_ATTRIBUTE_CONTENT = 16 * 1024 * 1024;

export interface DecmpfsScheme {
  /** Behind the header of the attribute in one piece, or in the resource fork in blocks of 64 KiB. */
  readonly place: 'attribute' | 'fork';
  /** Absent: nothing is compressed. */
  readonly algorithm?: Algorithm;
  /**
   * Table of the blocks. `resource`: offset and length of each, in the one resource of the fork. `offsets`: where each
   * starts and the last one ends, and nothing else in the fork.
   */
  readonly table?: 'resource' | 'offsets';
  /**
   * Whether the block, by its first byte, is stored as it is behind that byte; absent where no block has such a
   * byte.
   */
  readonly isStored?: (first: number) => boolean;
}

/** No zlib stream starts so. */
const isStoredZlib = (first: number): boolean => (first & 0x0f) === 0x0f;
/** An LZVN stream that ends at once. */
const isStoredLzvn = (first: number): boolean => first === 0x06;
/** All blocks of LZFSE start with "bvx". */
const isStoredLzfse = (first: number): boolean => first !== 0x62;
const always = (): boolean => true;

const SCHEMES: ReadonlyMap<number, DecmpfsScheme> = new Map<number, DecmpfsScheme>([
  [1, { place: 'attribute' }],
  [3, { place: 'attribute', algorithm: 'zlib', isStored: isStoredZlib }],
  [4, { place: 'fork', algorithm: 'zlib', table: 'resource', isStored: isStoredZlib }],
  [7, { place: 'attribute', algorithm: 'lzvn', isStored: isStoredLzvn }],
  [8, { place: 'fork', algorithm: 'lzvn', table: 'offsets', isStored: isStoredLzvn }],
  [9, { place: 'attribute', isStored: always }],
  [10, { place: 'fork', table: 'resource', isStored: always }],
  [11, { place: 'attribute', algorithm: 'lzfse', isStored: isStoredLzfse }],
  [12, { place: 'fork', algorithm: 'lzfse', table: 'offsets', isStored: isStoredLzfse }],
]);
/** Types that are known and not read. */
const UNREADABLE: ReadonlyMap<number, string> = new Map([
  [5, 'its content is in the version store of the Mac that wrote it'],
  [13, 'it is compressed with LZBITMAP, which is not read here'],
  [14, 'it is compressed with LZBITMAP, which is not read here'],
]);

/** How a file of the type and size is stored, or why it cannot be read. */
export function findScheme(type: number, size: number): DecmpfsScheme | string {
  const scheme = SCHEMES.get(type);
  if (scheme === undefined) return UNREADABLE.get(type) ?? `its compression, type ${type}, is not known`;
  if (scheme.place === 'fork' || size <= MAX_ATTRIBUTE_CONTENT) return scheme;
  return `an attribute is said to hold ${countBytes(size)}, expected at most ${MAX_ATTRIBUTE_CONTENT}`;
}
