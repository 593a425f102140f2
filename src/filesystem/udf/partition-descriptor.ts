// Partition descriptor (ECMA-167 3/10.5): a run of sectors that holds files.
import type { ByteCursor } from '../../base/byte-cursor.js';

export interface PartitionDescriptor {
  /** What partition maps call it. */
  readonly number: number;
  /** Sector of its first block. */
  readonly start: number;
  /** Blocks. */
  readonly length: number;
}

export function parsePartitionDescriptor(cursor: ByteCursor): PartitionDescriptor {
  return {
    number: cursor.u16le(22), // 3/10.5.4 Partition Number, BP 22-23
    start: cursor.u32le(188), // 3/10.5.8 Partition Starting Location, BP 188-191
    length: cursor.u32le(192), // 3/10.5.9 Partition Length, BP 192-195
  };
}
