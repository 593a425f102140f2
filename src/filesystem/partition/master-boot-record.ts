// The partition table of a master boot record, as isohybrid discs have it in their first sector, and as stands at the
// start of every logical partition.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { PARTITION_SECTOR } from '../contract/partition.js';
import type { Partition } from '../contract/partition.js';

const TABLE_OFFSET = 446;
const ENTRY_BYTES = 16;
const ENTRIES = 4;
const SIGNATURE_OFFSET = 510;
const SIGNATURE = 0xaa55;
/** Boot indicator: inactive or active; anything else is no partition table. */
const INDICATORS = [0x00, 0x80];
/** Type of the entry that guards a GPT from tools that do not know it. */
export const PROTECTIVE_TYPE = '0xee';

/** Whether a sector ends as every boot sector does. */
export function isBootSector(sector: ByteCursor): boolean {
  return sector.length >= PARTITION_SECTOR && sector.u16le(SIGNATURE_OFFSET) === SIGNATURE;
}

/** Whether a boot sector may hold a table: four entries that start with an indicator, and one of them has a type. */
export function resemblesPartitionTable(sector: ByteCursor): boolean {
  const entries = Array.from({ length: ENTRIES }, (_, i) => TABLE_OFFSET + i * ENTRY_BYTES);
  return (
    entries.every((at) => INDICATORS.includes(sector.u8(at))) && entries.some((at) => sector.u8(at + 4) !== 0)
  );
}

/** Partitions of the table in the first sector; none when it has no table. */
export function parseMasterBootRecord(sector: ByteCursor): Partition[] {
  if (!isBootSector(sector)) return [];
  const partitions: Partition[] = [];
  for (let i = 0; i < ENTRIES; i += 1) {
    const at = TABLE_OFFSET + i * ENTRY_BYTES;
    // Boot code of a volume without table stands here as well, and is told by what cannot be an indicator.
    if (!INDICATORS.includes(sector.u8(at))) return [];
    const type = sector.u8(at + 4); // partition type, offset 4
    const start = sector.u32le(at + 8); // first sector, offset 8
    const count = sector.u32le(at + 12); // sectors, offset 12
    if (count === 0 || (type === 0 && start === 0 && count === 0xffff_ffff)) continue;
    partitions.push({
      scheme: 'mbr',
      index: i + 1,
      type: `0x${type.toString(16).padStart(2, '0')}`,
      name: '',
      start: start * PARTITION_SECTOR,
      length: count * PARTITION_SECTOR,
    });
  }
  return partitions;
}
