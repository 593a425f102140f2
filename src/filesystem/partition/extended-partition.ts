// Logical partitions: an extended partition of an MBR starts with a boot record of its own, whose table holds one
// logical partition and the place of the next such record. As Linux follows them, block/partitions/msdos.c.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readIfPossible } from '../../source/read-fully.js';
import { parseMasterBootRecord } from './master-boot-record.js';
import { PARTITION_SECTOR } from '../contract/partition.js';
import type { Partition } from '../contract/partition.js';

/** Records of one chain: as many as Linux has device numbers for the partitions in them. */
export const MAX_LOGICAL_PARTITIONS = 251;
/** Number of the first. */
const FIRST_INDEX = 5;
const EXTENDED_TYPES = ['0x05', '0x0f', '0x85'];

/**
 * The logical partitions of the first extended one among `records`, numbered from 5. A chain that is broken ends there,
 * which is told. Rejects as ByteSource.read does.
 */
export async function readLogicalPartitions(
  reader: DataStream,
  records: readonly Partition[],
  report: (finding: Finding) => void,
  signal?: AbortSignal,
): Promise<Partition[]> {
  const extended = records.find(isExtended);
  if (extended === undefined) return [];
  const complain = (at: number, what: string): void =>
    report({
      code: 'broken-extended-partition',
      severity: 'warning',
      message: `Chain of logical partitions ends: ${what}`,
      at: { source: reader.name, offset: at },
    });
  const found: Partition[] = [];
  const met = new Set<number>();
  for (let at: number | undefined = extended.start; at !== undefined;) {
    const fault = met.has(at)
      ? 'its record was met before'
      : met.size === MAX_LOGICAL_PARTITIONS
        ? `it has more than ${MAX_LOGICAL_PARTITIONS}`
        : undefined;
    if (fault !== undefined) {
      complain(at, fault);
      break;
    }
    met.add(at);
    const bytes = await readIfPossible(reader, at, PARTITION_SECTOR, signal);
    const entries = parseMasterBootRecord(new ByteCursor(bytes, reader.name, at));
    // An extended partition without any logical one starts with nothing.
    if (entries.length === 0 && found.length > 0) complain(at, 'no boot record stands there');
    const logical = entries.find((entry) => !isExtended(entry));
    if (logical !== undefined) {
      found.push({ ...logical, index: FIRST_INDEX + found.length, start: at + logical.start });
    }
    const next = entries.find(isExtended);
    // Places of records count from the extended partition, those of partitions from their record.
    at = next === undefined ? undefined : extended.start + next.start;
  }
  return found;
}

function isExtended({ type }: Partition): boolean {
  return EXTENDED_TYPES.includes(type);
}
