// Every partition that any table on the disc declares. Tables that disagree or overlap are what hybrid discs are made
// of; only what reaches beyond the image is worth telling.
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readIfPossible } from '../../source/read-fully.js';
import { isFatBootSector } from '../fat/boot-sector.js';
import { readAppleMap } from './apple-partition-map.js';
import type { AppleMap } from './apple-partition-map.js';
import { readLogicalPartitions } from './extended-partition.js';
import { readGuidPartitions } from './guid-partition-table.js';
import { parseMasterBootRecord } from './master-boot-record.js';
import { PARTITION_SECTOR } from '../contract/partition.js';
import type { Partition } from '../contract/partition.js';
import { parseSunLabel } from './sun-label.js';

/** In the order MBR, GPT, Apple, Sun; what the medium cannot give declares none. Rejects as ByteSource.read does. */
export async function readPartitions(
  reader: DataStream,
  report: (finding: Finding) => void,
  signal?: AbortSignal,
): Promise<Partition[]> {
  const sector = new ByteCursor(await readIfPossible(reader, 0, PARTITION_SECTOR, signal), reader.name, 0);
  // The boot sector of a floppy ends as a master boot record does.
  const records = isFatBootSector(sector) ? [] : parseMasterBootRecord(sector);
  const logical = await readLogicalPartitions(reader, records, report, signal);
  const guid = await readGuidPartitions(reader, report, signal);
  const apple = await readAppleMap(reader, signal);
  if (apple !== undefined) reportAppleMap(reader, apple, report);
  const partitions = [
    ...records,
    ...logical,
    ...guid,
    ...(apple?.partitions ?? []),
    ...parseSunLabel(sector),
  ];
  for (const partition of partitions) reportBeyondEnd(reader, partition, report);
  return partitions;
}

function reportAppleMap(
  reader: DataStream,
  { missing, wrongBlockSize }: AppleMap,
  report: (finding: Finding) => void,
): void {
  const note = (code: string, message: string): void =>
    report({
      code,
      severity: 'note',
      message,
      at: { source: reader.name, offset: 0, clause: 'Inside Macintosh: Devices 3-22' },
    });
  if (missing > 0) {
    note('apple-map-cut', `Apple partition map lacks ${missing} of the entries that it declares`);
  }
  if (wrongBlockSize !== undefined) {
    note(
      'apple-map-block-size',
      `Driver descriptor says blocks of ${countBytes(wrongBlockSize)}, the map has others`,
    );
  }
}

function reportBeyondEnd(
  reader: DataStream,
  { scheme, index, start, length }: Partition,
  report: (finding: Finding) => void,
): void {
  if (start + length <= reader.size) return;
  report({
    code: 'partition-beyond-end',
    severity: 'note',
    message: `Partition ${index} (${scheme}) has ${countBytes(length)}, but the image ends at byte ${reader.size}`,
    at: { source: reader.name, offset: start },
  });
}
