// How long a boot image is. The catalogue tells only what the firmware loads at first, often one sector or none at all
// (El Torito 1.0, 2.2; UEFI 13.3.2.1), so the image itself is asked, and the partition or file that it may be as well.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readIfPossible } from '../../source/read-fully.js';
import { BOOT_SECTOR_BYTES, isFatBootSector, parseBootSector } from '../fat/boot-sector.js';
import type { BootEntry, BootEmulation } from '../contract/boot-entry.js';
import { parseMasterBootRecord } from '../partition/master-boot-record.js';
import type { FileTree } from '../contract/file-tree.js';
import type { Partition } from '../contract/partition.js';
import { findFileSize } from './find-file-size.js';

/** Bytes of the emulated floppies (El Torito 1.0, 2.2). */
const FLOPPY_BYTES: Partial<Record<BootEmulation, number>> = {
  'floppy-1.2': 1_228_800,
  'floppy-1.44': 1_474_560,
  'floppy-2.88': 2_949_120,
};
const BLOCK = 2048;
/** The boot information table that mkisofs writes into isolinux.bin and its like: two block numbers and a length. */
const INFO_TABLE = { descriptor: 8, self: 12, length: 16 } as const;
const PRIMARY_DESCRIPTOR = 16;

/** `tree`: where it may be a file. Bytes, at most to the end of the image. Rejects as ByteSource.read does. */
export async function measureBootImage(
  reader: DataStream,
  entry: BootEntry,
  partitions: readonly Partition[],
  tree: FileTree | undefined,
  signal?: AbortSignal,
): Promise<number> {
  const { offset, emulation, loadSize } = entry;
  const left = Math.max(0, reader.size - offset);
  const bytes = await readIfPossible(reader, offset, BOOT_SECTOR_BYTES, signal);
  const sector = new ByteCursor(bytes, reader.name, offset);
  const own = FLOPPY_BYTES[emulation] ?? measureContent(sector, emulation, offset);
  const partition = partitions.find(({ start, scheme }) => start === offset && scheme !== 'apm')?.length;
  const isKnown = own > 0 || partition !== undefined || tree === undefined;
  const file = isKnown ? 0 : await findFileSize(tree, offset, signal);
  return Math.min(left, Math.max(own, loadSize, own > 0 ? 0 : (partition ?? file), 1));
}

/** What the first sector says of the whole; 0 when it says nothing. */
function measureContent(sector: ByteCursor, emulation: BootEmulation, offset: number): number {
  if (sector.length < BOOT_SECTOR_BYTES) return 0;
  if (emulation === 'hard-disk') {
    return Math.max(0, ...parseMasterBootRecord(sector).map(({ start, length }) => start + length));
  }
  if (isFatBootSector(sector)) return parseBootSector(sector).size;
  const isTable =
    sector.u32le(INFO_TABLE.descriptor) === PRIMARY_DESCRIPTOR &&
    sector.u32le(INFO_TABLE.self) * BLOCK === offset;
  return isTable ? sector.u32le(INFO_TABLE.length) : 0;
}
