// Makes the partitions of a logical volume from its maps, the plain ones first: the others lie in them.
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import { IcbReader } from './icb-reader.js';
import type { IcbContext } from './icb-reader.js';
import { openMetadataPartition } from './metadata-file.js';
import type { PartitionDescriptor } from './partition-descriptor.js';
import type { PartitionMap } from './partition-map.js';
import { PhysicalPartition } from './partition/partition.js';
import type { Partition } from './partition/partition.js';
import { SparablePartition } from './partition/sparable-partition.js';
import { VirtualPartition } from './partition/virtual-partition.js';
import { readSparingTable } from './sparing-table.js';
import type { UdfFindings } from './udf-findings.js';
import type { VolumeDescriptors } from './volume-descriptor-sequence.js';
import { readVirtualAllocationTable } from './virtual-allocation-table.js';

/**
 * By reference number. `end`: sector behind what is recorded. Rejects with `damaged` when one cannot be used, and as
 * ByteSource.read
 * does.
 */
export async function openPartitions(
  { reader, work }: Pick<IcbContext, 'reader' | 'work'>,
  blockSize: number,
  descriptors: VolumeDescriptors,
  end: number,
  findings: UdfFindings,
  signal?: AbortSignal,
): Promise<Partition[]> {
  const { maps } = descriptors.logical;
  const partitions: Partition[] = [];
  for (const map of maps) {
    const { start, length } = findDescriptor(reader, descriptors, map);
    // A virtual or metadata partition has this place taken until its table can be read: their maps may come first.
    let partition: Partition = new PhysicalPartition(start * blockSize, length, blockSize);
    if (map.kind === 'sparable') {
      const packets = await readSparingTable(reader, blockSize, map.tables, map.tableSize, findings, signal);
      partition = new SparablePartition(partition, Math.max(1, map.packetLength), packets);
    }
    partitions.push(partition);
  }
  const icbs = new IcbReader({ reader, work, blockSize, partitions: partitions.slice() }, findings);
  for (const [index, map] of maps.entries()) {
    const home = findHome(maps, index);
    if (map.kind === 'virtual') {
      const { start } = findDescriptor(reader, descriptors, map);
      const table = await readVirtualAllocationTable(icbs, home, start, end, signal);
      partitions[index] = new VirtualPartition(table, partitions[home]!);
    } else if (map.kind === 'metadata') {
      partitions[index] = await openMetadataPartition(icbs, home, map, findings, signal);
    }
  }
  return partitions;
}

/** Reference number of the partition that another kind of partition lies in: the same partition, mapped plainly. */
function findHome(maps: readonly PartitionMap[], index: number): number {
  const { number } = maps[index]!;
  const home = maps.findIndex((map) => map.number === number && ['physical', 'sparable'].includes(map.kind));
  return home < 0 ? index : home;
}

function findDescriptor(
  reader: DataStream,
  { partitions }: VolumeDescriptors,
  map: PartitionMap,
): PartitionDescriptor {
  const found = partitions.find(({ number }) => number === map.number);
  if (found !== undefined) return found;
  const numbers = partitions.map(({ number }) => number).join(', ');
  throw new IsodriveError(
    'damaged',
    `Cannot open partition ${map.number} of "${reader.name}": volume has ${numbers}, expected it among them`,
    { at: { source: reader.name, clause: 'ECMA-167 3/10.7.2.4' } },
  );
}
