// Plain images (.iso, .img, block devices): nothing but sectors of 2048 bytes user data, as a drive would give them.
import type { Disc, Track } from '../../disc/disc.js';
import { PlanStream } from '../../disc/plan-stream.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';
import type { ByteSource } from '../../source/byte-source.js';
import type { Confidence, Container } from '../format.js';

/** ECMA-119 6.2.1: the volume descriptors start at sector 16, behind the system area. */
export const DESCRIPTOR_START = 16 * SECTOR_SIZE;
/** Descriptors looked at: those of ECMA-119, or the volume recognition sequence of ECMA-167, fit in fewer. */
const PROBED_SECTORS = 16;
/** Standard identifiers, bytes 1 to 5 of a descriptor (ECMA-119 8.1.2; ECMA-167 2/9.1.2, 3/9.1). */
export const IDENTIFIER_BYTES = 5;
export const IDENTIFIERS = ['CD001', 'BEA01', 'NSR02', 'NSR03', 'TEA01', 'BOOT2', 'CDW02'];
const HIGH_SIERRA_IDENTIFIER = 'CDROM';
const HIGH_SIERRA_OFFSET = 9;
/** What else may stand on plain sectors, told by two bytes: Apple's volumes and partition map, as latin-1. */
const SIGNATURES: readonly (readonly [number, string])[] = [
  [1024, 'H+'],
  [1024, 'HX'],
  [1024, 'BD'],
  ...[512, 1024, 2048, 4096].map((blockSize) => [blockSize, 'PM'] as const),
];
/** Bytes looked at for them. */
const PROBED_BYTES = 4096 + 2;
/** Apple's driver descriptor: "ER", and the size of a block, behind which its map starts. */
const APPLE_DESCRIPTOR = { text: 'ER', blockSize: 2, entry: 'PM' };
/**
 * Of a FAT boot sector: the jump it starts with, and what of its parameter block no other boot sector has: bytes of a
 * sector, reserved sectors (none in NTFS), kind of medium. The name of the format is newer than the format.
 */
const FAT = {
  jumps: [0xeb, 0xe9],
  sectorBytes: 11,
  sectorSizes: [512, 1024, 2048, 4096],
  reserved: 14,
  media: 21,
};
/** What every boot sector ends with. */
const MARK = { text: '\x55\xaa', offset: 510 };

/** Of a master boot record: four entries that start with an indicator and have a type. */
const MBR = { table: 446, entryBytes: 16, entries: 4, type: 4, indicators: [0x00, 0x80] };

/** Tag of an anchor volume descriptor pointer: identifier at byte 0, sector at byte 12 (ECMA-167 3/7.2). */
const ANCHOR_TAG = 2;
const ANCHOR_SECTOR = 256;
const TAG_BYTES = 16;
const UDF_SECTOR_SIZES = [512, 1024, 2048, 4096];

export const isoFormat: Container = {
  kind: 'container',
  name: 'iso',
  title: 'plain sectors of 2048 bytes',

  async probe({ main: source }, signal) {
    // One sector at a time: a bad sector behind the first descriptor must not hide the disc.
    for (let sector = 0; sector < PROBED_SECTORS; sector += 1) {
      const bytes = await readAtMost(source, DESCRIPTOR_START + sector * SECTOR_SIZE, SECTOR_SIZE, signal);
      if (bytes.length < SECTOR_SIZE) break;
      const text = Buffer.from(bytes.subarray(0, 32)).toString('latin1');
      if (IDENTIFIERS.includes(text.slice(1, 6))) return 3;
      if (text.startsWith(HIGH_SIERRA_IDENTIFIER, HIGH_SIERRA_OFFSET)) return 3;
    }
    return probeOtherVolumes(source, signal);
  },

  open({ main }) {
    return Promise.resolve(createPlainDisc(PlanStream.plain(main)));
  },
};

/** Less sure than a descriptor: two bytes may stand anywhere by chance, and whoever opens the disc looks closer. */
async function probeOtherVolumes(source: ByteSource, signal: AbortSignal | undefined): Promise<Confidence> {
  const bytes = await readAtMost(source, 0, PROBED_BYTES, signal);
  const text = Buffer.from(bytes).toString('latin1');
  const isMarked = text.startsWith(MARK.text, MARK.offset) && (isFat(bytes) || hasPartitions(bytes));
  const isKnown =
    isMarked || hasAppleMap(text) || SIGNATURES.some(([offset, magic]) => text.startsWith(magic, offset));
  return isKnown || (await hasUdfAnchor(source, signal)) ? 1 : 0;
}

function isFat(bytes: Uint8Array): boolean {
  const u16 = (at: number): number => bytes[at]! | (bytes[at + 1]! << 8);
  return (
    FAT.jumps.includes(bytes[0]!) &&
    FAT.sectorSizes.includes(u16(FAT.sectorBytes)) &&
    u16(FAT.reserved) > 0 &&
    bytes[FAT.media]! >= 0xf0
  );
}

/** A map in blocks of whatever size. */
function hasAppleMap(text: string): boolean {
  const { text: mark, blockSize, entry } = APPLE_DESCRIPTOR;
  const declared = (text.charCodeAt(blockSize) << 8) | text.charCodeAt(blockSize + 1);
  return text.startsWith(mark) && declared > 0 && text.startsWith(entry, declared);
}

function hasPartitions(bytes: Uint8Array): boolean {
  const entries = Array.from({ length: MBR.entries }, (_, i) => MBR.table + i * MBR.entryBytes);
  return (
    entries.every((at) => MBR.indicators.includes(bytes[at]!)) &&
    entries.some((at) => bytes[at + MBR.type] !== 0)
  );
}

/** ECMA-167 3/8.4.2.1: a UDF disc whose recognition sequence is lost still has its anchor, at sector 256. */
async function hasUdfAnchor(source: ByteSource, signal: AbortSignal | undefined): Promise<boolean> {
  for (const sectorSize of UDF_SECTOR_SIZES) {
    const tag = Buffer.from(await readAtMost(source, ANCHOR_SECTOR * sectorSize, TAG_BYTES, signal));
    if (tag.length < TAG_BYTES) return false;
    if (tag.readUInt16LE(0) === ANCHOR_TAG && tag.readUInt32LE(12) === ANCHOR_SECTOR) return true;
  }
  return false;
}

function createPlainDisc(data: PlanStream): Disc {
  const track: Track = {
    number: 1,
    mode: 'mode1',
    start: 0,
    length: Math.ceil(data.size / SECTOR_SIZE),
  };
  return { format: isoFormat.name, sessions: [{ number: 1, tracks: [track] }], data };
}
