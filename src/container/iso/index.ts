// Plain images (.iso, .img, block devices): nothing but sectors of 2048 bytes user data, as a drive would give them.
import type { Disc, Track } from '../../disc/disc.js';
import { PlainSectorReader, SECTOR_SIZE } from '../../disc/sector-reader.js';
import { readAtMost } from '../../source/read-fully.js';
import type { ByteSource } from '../../source/byte-source.js';
import type { Confidence, ContainerFormat } from '../container-format.js';

/** ECMA-119 6.2.1: the volume descriptors start at sector 16, behind the system area. */
export const DESCRIPTOR_START = 16 * SECTOR_SIZE;
/** Descriptors looked at: those of ECMA-119, or the volume recognition sequence of ECMA-167, fit in fewer. */
const PROBED_SECTORS = 16;
/** Standard identifiers, bytes 1 to 5 of a descriptor (ECMA-119 8.1.2; ECMA-167 2/9.1.2, 3/9.1). */
const IDENTIFIERS = ['CD001', 'BEA01', 'NSR02', 'NSR03', 'TEA01', 'BOOT2', 'CDW02'];
const HIGH_SIERRA_IDENTIFIER = 'CDROM';
const HIGH_SIERRA_OFFSET = 9;
/** What else may stand on plain sectors, told by two bytes: Apple's volumes and partition map, as latin-1. */
const SIGNATURES: readonly (readonly [number, string])[] = [
  [1024, 'H+'],
  [1024, 'HX'],
  [1024, 'BD'],
  [512, 'PM'],
];
/** Of a FAT boot sector: the jump it starts with, the name of its format at either place, the mark it ends with. */
const FAT = {
  jumps: [0xeb, 0xe9],
  name: 'FAT',
  narrowName: 54,
  wideName: 82,
  mark: '\x55\xaa',
  markOffset: 510,
};

/** Tag of an anchor volume descriptor pointer: identifier at byte 0, sector at byte 12 (ECMA-167 3/7.2). */
const ANCHOR_TAG = 2;
const ANCHOR_SECTOR = 256;
const TAG_BYTES = 16;
const UDF_SECTOR_SIZES = [512, 1024, 2048, 4096];

export const isoFormat: ContainerFormat = {
  name: 'iso',
  title: 'plain sectors of 2048 bytes',

  async probe(source, signal) {
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

  open(source) {
    return Promise.resolve(createPlainDisc(new PlainSectorReader(source)));
  },
};

/** Less sure than a descriptor: two bytes may stand anywhere by chance, and whoever opens the disc looks closer. */
async function probeOtherVolumes(source: ByteSource, signal: AbortSignal | undefined): Promise<Confidence> {
  const bytes = await readAtMost(source, 0, SECTOR_SIZE, signal);
  const text = Buffer.from(bytes).toString('latin1');
  const isFat =
    FAT.jumps.includes(bytes[0] ?? 0) &&
    text.startsWith(FAT.mark, FAT.markOffset) &&
    [FAT.narrowName, FAT.wideName].some((offset) => text.startsWith(FAT.name, offset));
  const isKnown = isFat || SIGNATURES.some(([offset, magic]) => text.startsWith(magic, offset));
  return isKnown || (await hasUdfAnchor(source, signal)) ? 1 : 0;
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

function createPlainDisc(reader: PlainSectorReader): Disc {
  const track: Track = {
    number: 1,
    mode: 'mode1',
    start: 0,
    length: Math.ceil(reader.size / SECTOR_SIZE),
  };
  return { format: isoFormat.name, sessions: [{ number: 1, tracks: [track] }], sectors: () => reader };
}
