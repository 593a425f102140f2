// Files that Mac OS keeps compressed (decmpfs.h of XNU): an attribute says how, and holds the compressed bytes itself
// or leaves them to the resource fork. The data fork is empty.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { DirectoryEntry, Extent } from '../contract/file-tree.js';
import type { Fork } from '../hfs/fork.js';
import type { FileAttribute } from './attribute-tree.js';
import { findScheme } from './decmpfs-scheme.js';

export const COMPRESSION_ATTRIBUTE = 'com.apple.decmpfs';
/** decmpfs_disk_header, little-endian: magic "cmpf", type, bytes of the content. */
const HEADER_BYTES = 16;
const MAGIC = 0x636d_7066;
/** Blocks of the resource fork have 64 KiB; of what is one piece, that much is kept at a time. */
const UNIT_POWER = 16;
const HEADER = { magic: 0, type: 4, size: 8 } as const;

export interface CompressedFile {
  readonly type: number;
  /** Bytes of the content. */
  readonly size: number;
  /** Of the attribute, behind the header. */
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
    extents: skipBytes(attribute.extents, HEADER_BYTES),
  };
}

/**
 * Gives the entry the size of the content, and what is stored; gives what is wrong where it cannot be decoded:
 * reading it then fails with the same reason. Whether the stored bytes are right shows only then.
 */
export async function giveCompressed(
  { type, size, extents }: CompressedFile,
  entry: DirectoryEntry,
  locateResources: () => Promise<Fork>,
): Promise<string | undefined> {
  const scheme = findScheme(type, size);
  entry.coding = 'decmpfs';
  entry.codingParameters = type;
  entry.unitPower = UNIT_POWER;
  entry.size = size;
  if (typeof scheme === 'string') entry.extents = [];
  else entry.extents = scheme.place === 'fork' ? (await locateResources()).extents : extents;
  entry.locator = entry.extents.at(0)?.offset ?? 0;
  return typeof scheme === 'string' ? scheme : undefined;
}

function skipBytes(extents: readonly Extent[], count: number): Extent[] {
  let left = count;
  return extents.flatMap(({ offset, length }) => {
    const skipped = Math.min(left, length);
    left -= skipped;
    return skipped === length ? [] : [{ offset: (offset ?? 0) + skipped, length: length - skipped }];
  });
}
