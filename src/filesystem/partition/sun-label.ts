// The label of a Sun disk (SPARC), as bootable discs for such machines have it in their first sector: eight slices,
// often all the same. Layout as in Linux, block/partitions/sun.c.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { PARTITION_SECTOR } from '../contract/partition.js';
import type { Partition } from '../contract/partition.js';

const MAGIC_OFFSET = 508;
const MAGIC = 0xdabe;
const SLICES = 8;
const SLICE_TABLE = 444;
const VTOC_TYPES = 142;
const VTOC_SANITY = 0x600d_deee;
const WHOLE_DISK = '0x05';

/** Partitions of the label in the first sector; none when it has no label, or a wrong checksum. */
export function parseSunLabel(sector: ByteCursor): Partition[] {
  if (sector.length < PARTITION_SECTOR || sector.u16be(MAGIC_OFFSET) !== MAGIC) return [];
  let sum = 0;
  for (let at = 0; at < PARTITION_SECTOR; at += 2) sum ^= sector.u16be(at);
  if (sum !== 0) return [];
  const cylinder = sector.u16be(436) * sector.u16be(438); // tracks a cylinder, offset 436; sectors a track, offset 438
  const hasTypes = sector.u32be(188) === VTOC_SANITY; // sanity, offset 188
  const partitions: Partition[] = [];
  for (let i = 0; i < SLICES; i += 1) {
    const start = sector.u32be(SLICE_TABLE + i * 8) * cylinder * PARTITION_SECTOR; // first cylinder, offset 0
    const length = sector.u32be(SLICE_TABLE + i * 8 + 4) * PARTITION_SECTOR; // sectors, offset 4
    if (length === 0 || !Number.isSafeInteger(start + length)) continue;
    const tag = hasTypes ? sector.u16be(VTOC_TYPES + i * 4) : 0; // id, offset 0
    const type = `0x${tag.toString(16).padStart(2, '0')}`;
    partitions.push({
      ...{ scheme: 'sun', index: i + 1, type, start, length },
      name: type === WHOLE_DISK ? 'whole disk' : '',
    });
  }
  return partitions;
}
