// Logical volume descriptor (ECMA-167 3/10.6): block size, partition maps, and where the file set is.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { readDstring } from './cs0.js';
import { readEntityIdentifier, readLongExtent, readVolumeExtent } from './fields.js';
import type { LongExtent, VolumeExtent } from './fields.js';
import { parsePartitionMaps } from './partition-map.js';
import type { PartitionMap } from './partition-map.js';

export interface LogicalVolumeDescriptor {
  readonly label: string;
  /** Bytes. */
  readonly blockSize: number;
  readonly domain: string;
  /** UDF revision as it is written: 0x0201 is 2.01. */
  readonly revision: number;
  readonly fileSet: LongExtent;
  readonly integrity: VolumeExtent;
  readonly maps: readonly PartitionMap[];
}

/** Throws `damaged` for partition maps that cannot be used. */
export function parseLogicalVolumeDescriptor(cursor: ByteCursor): LogicalVolumeDescriptor {
  return {
    label: readDstring(cursor, 84, 128), // 3/10.6.4 Logical Volume Identifier, BP 84-211
    blockSize: cursor.u32le(212), // 3/10.6.5 Logical Block Size, BP 212-215
    domain: readEntityIdentifier(cursor, 216), // 3/10.6.6 Domain Identifier, BP 216-247
    revision: cursor.u16le(240), // UDF 2.1.5.3: the first two bytes of its suffix
    fileSet: readLongExtent(cursor, 248), // 3/10.6.7 Logical Volume Contents Use, BP 248-263 (4/3.1)
    integrity: readVolumeExtent(cursor, 432), // 3/10.6.12 Integrity Sequence Extent, BP 432-439
    // 3/10.6.8 Map Table Length, BP 264-267; 3/10.6.9 Number of Partition Maps, BP 268-271; the maps from BP 440 on.
    maps: parsePartitionMaps(cursor, 440, cursor.u32le(264), cursor.u32le(268)),
  };
}
