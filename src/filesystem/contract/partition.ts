// A partition of a disc, whatever table declares it. Several tables may stand on one disc and overlap: hybrid discs
// start from optical drives and USB sticks of several kinds of machines.

export const PARTITION_SCHEMES = ['mbr', 'gpt', 'apm', 'sun'] as const;
export type PartitionScheme = (typeof PARTITION_SCHEMES)[number];

export interface Partition {
  readonly scheme: PartitionScheme;
  /** As tools count the partitions of the scheme: from 1. */
  readonly index: number;
  /** MBR and Sun: number, as "0xef". GPT: GUID in capitals. APM: name, as "Apple_HFS". */
  readonly type: string;
  /** May be empty. */
  readonly name: string;
  /** Bytes from the start of the image. */
  readonly start: number;
  /** Bytes, more than 0. */
  readonly length: number;
}

/** Unit of MBR, GPT and Sun tables, and of most Apple partition maps. */
export const PARTITION_SECTOR = 512;
