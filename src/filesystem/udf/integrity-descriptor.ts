// Logical volume integrity descriptor (ECMA-167 3/10.10, UDF 2.2.6): whether the volume was closed, and what it holds.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';
import type { Timestamp } from '../contract/file-tree.js';
import { readVolumeExtent } from './fields.js';
import type { VolumeExtent } from './fields.js';
import { TAG, checkTag, tagIdentifier } from './tag.js';
import { readOptionalTimestamp } from './timestamp.js';

/** Descriptors looked at: rewritable media append one whenever the volume is opened or closed. */
export const MAX_INTEGRITY_DESCRIPTORS = 4096;
export const MAX_EXTENTS = 64;

export interface IntegrityDescriptor {
  readonly recorded: Timestamp | undefined;
  /** False when the volume was being written. */
  readonly isClosed: boolean;
  /** Counted by the writer; undefined where it did not. */
  readonly files: number | undefined;
  readonly directories: number | undefined;
  /** UDF revision that a reader must know. */
  readonly minimumReadRevision: number | undefined;
}

/** The last descriptor of the sequence; undefined when there is no good one. Rejects as ByteSource.read does. */
export async function readIntegrity(
  reader: DataStream,
  sectorSize: number,
  first: VolumeExtent,
  signal?: AbortSignal,
): Promise<IntegrityDescriptor | undefined> {
  let last: IntegrityDescriptor | undefined;
  let extent = first;
  let left = MAX_INTEGRITY_DESCRIPTORS;
  for (let extents = 0; extents < MAX_EXTENTS && extent.length > 0; extents += 1) {
    let next: VolumeExtent = { length: 0, sector: 0 };
    const end = extent.sector + Math.floor(extent.length / sectorSize);
    for (let sector = extent.sector; sector < end && left > 0; sector += 1, left -= 1) {
      const bytes = await readAtMost(reader, sector * sectorSize, sectorSize, signal);
      if (bytes.length < sectorSize) break;
      const cursor = new ByteCursor(bytes, reader.name, sector * sectorSize);
      if (tagIdentifier(cursor) !== TAG.integrity || checkTag(cursor, sector) !== undefined) break;
      last = parseIntegrity(cursor);
      next = readVolumeExtent(cursor, 32); // 3/10.10.4 Next Integrity Extent, BP 32-39
    }
    extent = next;
  }
  return last;
}

function parseIntegrity(cursor: ByteCursor): IntegrityDescriptor {
  const partitions = cursor.u32le(72); // 3/10.10.6 Number of Partitions, BP 72-75
  const use = 80 + partitions * 8; // 3/10.10.10 Implementation Use, behind two tables of 32 bits a partition
  const hasUse = use + 46 <= cursor.length && cursor.u32le(76) >= 46;
  return {
    recorded: readOptionalTimestamp(cursor, 16), // 3/10.10.2, BP 16-27
    isClosed: cursor.u32le(28) === 1, // 3/10.10.3 Integrity Type, BP 28-31
    files: hasUse ? cursor.u32le(use + 32) : undefined, // UDF 2.2.6.4
    directories: hasUse ? cursor.u32le(use + 36) : undefined,
    minimumReadRevision: hasUse ? cursor.u16le(use + 40) : undefined,
  };
}
