// The first sector of a FAT volume: its BIOS parameter block (Microsoft FAT Specification, 2005, section 3).
import type { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';

export const BOOT_SECTOR_BYTES = 512;
/** Section 3.5: the count of clusters alone decides which FAT it is. */
export const MAX_CLUSTERS_12 = 4084;
export const MAX_CLUSTERS_16 = 65_524;
export const MAX_CLUSTERS_32 = 0x0fff_fff5;
const ENTRY_BYTES = 32;
export const MAX_SECTOR_BYTES = 4096;

/** Bits of an entry in the table. */
export type FatWidth = 12 | 16 | 32;

export interface FatLayout {
  readonly width: FatWidth;
  /** Bytes. */
  readonly size: number;
  readonly clusterSize: number;
  readonly clusterCount: number;
  /** Byte offsets in the volume. */
  readonly tableOffset: number;
  readonly dataOffset: number;
  /** The fixed root directory of FAT12 and FAT16; its length is 0 for FAT32. */
  readonly rootOffset: number;
  readonly rootLength: number;
  /** FAT32: first cluster of the root directory. */
  readonly rootCluster: number;
  /** Bytes of the label in the boot sector; may be none. */
  readonly label: Uint8Array;
}

/**
 * Whether a boot sector may be that of a FAT volume, a damaged one included: the jump it starts with, and what of its
 * parameter block no other boot sector has: bytes of a sector, reserved sectors (none in NTFS), kind of medium. The
 * name of the format is newer than the format.
 */
export function resemblesFatBootSector(sector: ByteCursor): boolean {
  return (
    [0xeb, 0xe9].includes(sector.u8(0)) && // BS_jmpBoot, offset 0
    [512, 1024, 2048, 4096].includes(sector.u16le(11)) && // BPB_BytsPerSec, offset 11
    sector.u16le(14) > 0 && // BPB_RsvdSecCnt, offset 14
    sector.u8(21) >= 0xf0 // BPB_Media, offset 21
  );
}

/** Whether the sector looks like that of a FAT volume: a jump, and a parameter block that can be right. */
export function isFatBootSector(sector: ByteCursor): boolean {
  return parseFields(sector) !== undefined;
}

/** Throws `damaged` when the volume cannot be used. */
export function parseBootSector(sector: ByteCursor): FatLayout {
  const layout = parseFields(sector);
  if (layout !== undefined) return layout;
  const source = sector.sourceName;
  throw new IsodriveError(
    'damaged',
    `Cannot read the FAT volume of "${source}": its parameter block contradicts itself, expected one of FAT12, ` +
      `FAT16 or FAT32`,
    { at: { source, offset: sector.offsetInSource(0), clause: 'FAT Specification 3' } },
  );
}

function parseFields(sector: ByteCursor): FatLayout | undefined {
  if (sector.length < BOOT_SECTOR_BYTES) return undefined;
  const jump = sector.u8(0); // BS_jmpBoot, offset 0
  if (jump !== 0xe9 && !(jump === 0xeb && sector.u8(2) === 0x90)) return undefined;
  const sectorSize = sector.u16le(11); // BPB_BytsPerSec, offset 11
  const perCluster = sector.u8(13); // BPB_SecPerClus, offset 13
  const reserved = sector.u16le(14); // BPB_RsvdSecCnt, offset 14
  const tables = sector.u8(16); // BPB_NumFATs, offset 16
  const media = sector.u8(21); // BPB_Media, offset 21
  if (!isPowerOfTwo(sectorSize) || sectorSize < 512 || sectorSize > MAX_SECTOR_BYTES) return undefined;
  if (!isPowerOfTwo(perCluster) || reserved === 0 || tables === 0 || media < 0xf0) return undefined;
  const rootEntries = sector.u16le(17); // BPB_RootEntCnt, offset 17
  const tableSectors = sector.u16le(22) || sector.u32le(36); // BPB_FATSz16, offset 22; BPB_FATSz32, offset 36
  const sectors = sector.u16le(19) || sector.u32le(32); // BPB_TotSec16, offset 19; BPB_TotSec32, offset 32
  const rootSectors = Math.ceil((rootEntries * ENTRY_BYTES) / sectorSize);
  const dataSector = reserved + tables * tableSectors + rootSectors;
  const clusterCount = Math.floor((sectors - dataSector) / perCluster);
  if (tableSectors === 0 || clusterCount < 1 || clusterCount > MAX_CLUSTERS_32) return undefined;
  const width = clusterCount <= MAX_CLUSTERS_12 ? 12 : clusterCount <= MAX_CLUSTERS_16 ? 16 : 32;
  const isWide = sector.u16le(22) === 0;
  if (isWide !== (rootEntries === 0)) return undefined;
  return {
    // A small volume that is laid out as FAT32 is one, whatever its count says: mkfs.vfat -F 32 makes such.
    width: isWide ? 32 : width === 32 ? 16 : width,
    size: sectors * sectorSize,
    clusterSize: perCluster * sectorSize,
    clusterCount,
    tableOffset: reserved * sectorSize,
    dataOffset: dataSector * sectorSize,
    rootOffset: (reserved + tables * tableSectors) * sectorSize,
    rootLength: rootEntries * ENTRY_BYTES,
    rootCluster: isWide ? sector.u32le(44) : 0, // BPB_RootClus, offset 44
    label: readLabel(sector, isWide ? 66 : 38),
  };
}

/** A label as users know it: a writer that is given none puts this text there. */
export function settleLabel(text: string): string {
  const label = text.replace(/[ \0]+$/, '');
  return label === 'NO NAME' ? '' : label;
}

/** BS_VolLab, behind BS_BootSig and BS_VolID: there where the signature is 0x29. */
function readLabel(sector: ByteCursor, at: number): Uint8Array {
  return sector.u8(at) === 0x29 ? sector.slice(at + 5, 11).slice() : new Uint8Array();
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}
