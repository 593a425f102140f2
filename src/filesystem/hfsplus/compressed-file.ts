// Files that Mac OS keeps compressed (decmpfs.h of XNU): an attribute says how, and holds the compressed bytes itself or
// leaves them to the resource fork. The data fork is empty.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { DirectoryEntry, Extent } from '../file-tree.js';
import type { Fork } from '../hfs/fork.js';
import type { FileAttribute } from './attribute-tree.js';

export const COMPRESSION_ATTRIBUTE = 'com.apple.decmpfs';
/** decmpfs_disk_header, little-endian: magic "cmpf", type, bytes of the content. */
const HEADER_BYTES = 16;
const MAGIC = 0x636d_7066;
const HEADER = { magic: 0, type: 4, size: 8 } as const;
/** Where the content is: behind the header as it is, there as zlib, in the resource fork as blocks of zlib. */
export const COMPRESSION_TYPE = { plainAttribute: 1, zlibAttribute: 3, zlibFork: 4 } as const;
/** Low bits of the first byte of what is not compressed after all; no zlib stream starts so. */
export const STORED_MARK = 0x0f;
/** Bytes of content behind one attribute: it is decompressed in one piece. */
export const MAX_ATTRIBUTE_CONTENT = 16 * 1024 * 1024;

export interface CompressedFile {
  readonly type: number;
  /** Bytes of the content. */
  readonly size: number;
  /** Of the attribute, behind the header. */
  readonly value: Uint8Array;
  readonly extents: readonly Extent[];
}

/** Undefined when it is no header of such a file. Rejects as FileAttribute.read does. */
export async function readCompression(
  attribute: FileAttribute,
  sourceName: string,
  signal: AbortSignal | undefined,
): Promise<CompressedFile | undefined> {
  if (attribute.size < HEADER_BYTES) return undefined;
  const value = await attribute.read(signal);
  const header = new ByteCursor(value, sourceName, attribute.offset);
  if (header.u32le(HEADER.magic) !== MAGIC) return undefined;
  return {
    type: header.u32le(HEADER.type),
    size: header.u64le(HEADER.size),
    value: value.subarray(HEADER_BYTES),
    extents: skipBytes(attribute.extents, HEADER_BYTES),
  };
}

/** Gives the entry the content. What is wrong otherwise: then the entry is as it was. */
export function giveCompressed(
  file: CompressedFile,
  entry: DirectoryEntry,
  resources: Fork,
): string | undefined {
  const { type, size, value, extents } = file;
  const isStored = value.length > 0 && (value[0]! & STORED_MARK) === STORED_MARK;
  switch (type) {
    case COMPRESSION_TYPE.zlibFork:
      entry.coding = 'decmpfs';
      entry.codingParameters = type;
      entry.extents = resources.extents;
      break;
    case COMPRESSION_TYPE.plainAttribute:
    case COMPRESSION_TYPE.zlibAttribute: {
      const skipped = type === COMPRESSION_TYPE.zlibAttribute && isStored ? 1 : 0;
      if (type === COMPRESSION_TYPE.zlibAttribute && !isStored && size > 0) {
        if (size > MAX_ATTRIBUTE_CONTENT) return `an attribute is said to hold ${size} bytes`;
        entry.coding = 'decmpfs';
        entry.codingParameters = type;
        entry.extents = extents;
        break;
      }
      if (value.length - skipped !== size) {
        return `an attribute holds ${value.length - skipped} bytes and is said to hold ${size}`;
      }
      entry.extents = skipBytes(extents, skipped);
      break;
    }
    default:
      return `compression ${type} is not known`;
  }
  entry.size = size;
  entry.locator = entry.extents[0]?.offset ?? 0;
  return undefined;
}

function skipBytes(extents: readonly Extent[], count: number): Extent[] {
  let left = count;
  return extents.flatMap(({ offset, length }) => {
    const skipped = Math.min(left, length);
    left -= skipped;
    return skipped === length ? [] : [{ offset: (offset ?? 0) + skipped, length: length - skipped }];
  });
}
