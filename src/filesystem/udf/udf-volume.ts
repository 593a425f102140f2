// An opened UDF volume: its partitions, and where its root directory is.
import type { DataStream } from '../../disc/data-stream.js';
import type { WorkBudget } from '../contract/work-budget.js';
import type { BlockAddress } from './fields.js';
import type { Partition } from './partition/partition.js';

export interface UdfVolume {
  readonly reader: DataStream;
  readonly work: WorkBudget;
  readonly label: string;
  /** Bytes of sectors and logical blocks. */
  readonly blockSize: number;
  /** By reference number. */
  readonly partitions: readonly Partition[];
  readonly root: BlockAddress;
  /** Serial number that Windows derives from the file set descriptor. */
  readonly windowsSerial: number;
  /** Bytes that the partitions take, everything before them included. */
  readonly size: number;
}
