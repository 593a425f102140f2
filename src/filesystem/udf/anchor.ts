// Anchor volume descriptor pointers (ECMA-167 3/10.2): where the descriptors of a volume are, and how large its
// sectors.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { DataStream } from '../../disc/data-stream.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost } from '../../source/read-fully.js';
import { readVolumeExtent } from './fields.js';
import type { VolumeExtent } from './fields.js';
import { SECTOR_SIZES } from './recognition-sequence.js';
import { TAG, TAG_BYTES, checkTag, tagIdentifier } from './tag.js';

const ANCHOR_BYTES = 512;
/** 3/8.4.2.1: sector 256; write-once discs that are not closed have it at 512 (UDF 2.2.3). */
const FIRST_SECTORS = [256, 512] as const;
/**
 * Sectors that the last one of the volume may be before the end of the image: none, or what drives and copiers add
 * (run-out blocks, 150 sectors of padding), and its twin 256 before.
 */
const END_DISTANCES = [1, 257, 2, 258, 3, 259, 151, 407, 153, 409] as const;
/** Sessions of a CD start at multiples of so many sectors; images are searched for them up to so many. */
export const SESSION_STEP = 32;
export const MAX_SESSION_SECTORS = 450_000;

export interface Anchor {
  /** Byte offset in the image. */
  readonly offset: number;
  /** Bytes; of logical blocks too (UDF 2.2.4.2). */
  readonly sectorSize: number;
  readonly main: VolumeExtent;
  readonly reserve: VolumeExtent;
}

/**
 * Every anchor at the usual places, the session's first, for the first of the sector sizes that has any; none where
 * there is none. Rejects as ByteSource.read does.
 */
export async function findAnchors(
  reader: DataStream,
  sectorSizes: readonly number[],
  sessionStart: number,
  signal?: AbortSignal,
): Promise<Anchor[]> {
  const anchors: Anchor[] = [];
  for (const sectorSize of sectorSizes) {
    const sectors = Math.floor(reader.size / sectorSize);
    const ofSession = FIRST_SECTORS.map((sector) => sessionStart + sector);
    const places = [...ofSession, ...FIRST_SECTORS, ...END_DISTANCES.map((distance) => sectors - distance)];
    for (const sector of new Set(places)) {
      const anchor = await readAnchor(reader, sector, sectorSize, signal);
      if (anchor !== undefined) anchors.push(anchor);
    }
    if (anchors.length > 0) return anchors;
  }
  return [];
}

/**
 * The anchors of sessions, the last one first: sector 256 of each, for discs that have none where it should be.
 * Rejects as ByteSource.read does.
 */
export async function findSessionAnchors(reader: DataStream, signal?: AbortSignal): Promise<Anchor[]> {
  const anchors: Anchor[] = [];
  const sectors = Math.min(Math.floor(reader.size / SECTOR_SIZE), MAX_SESSION_SECTORS);
  for (let sector: number = FIRST_SECTORS[0]; sector < sectors; sector += SESSION_STEP) {
    const anchor = await readAnchor(reader, sector, SECTOR_SIZE, signal);
    if (anchor !== undefined) anchors.unshift(anchor);
  }
  return anchors;
}

/** The anchor of the session that starts at a sector; undefined where it has none. Rejects as ByteSource.read does. */
export async function readSessionAnchor(
  reader: DataStream,
  start: number,
  signal?: AbortSignal,
): Promise<Anchor | undefined> {
  for (const sector of FIRST_SECTORS) {
    const anchor = await readAnchor(reader, start + sector, SECTOR_SIZE, signal);
    if (anchor !== undefined) return anchor;
  }
  return undefined;
}

/**
 * Whether a tag stands where an anchor has to be, for sectors of any size, the smallest first. Rejects as
 * ByteSource.read
 * does.
 */
export async function showsAnchor(source: ByteSource, signal?: AbortSignal): Promise<boolean> {
  for (const sectorSize of [...SECTOR_SIZES].sort((a, b) => a - b)) {
    const offset = FIRST_SECTORS[0] * sectorSize;
    const tag = new ByteCursor(await readAtMost(source, offset, TAG_BYTES, signal), source.name, offset);
    if (tag.length < TAG_BYTES) return false;
    // 3/7.2: Tag Identifier BP 0-1, Tag Location BP 12-15.
    if (tag.u16le(0) === TAG.anchor && tag.u32le(12) === FIRST_SECTORS[0]) return true;
  }
  return false;
}

async function readAnchor(
  reader: DataStream,
  sector: number,
  sectorSize: number,
  signal: AbortSignal | undefined,
): Promise<Anchor | undefined> {
  const offset = sector * sectorSize;
  if (sector < 0 || offset + ANCHOR_BYTES > reader.size) return undefined;
  const bytes = await readAtMost(reader, offset, ANCHOR_BYTES, signal);
  const cursor = new ByteCursor(bytes, reader.name, offset);
  if (tagIdentifier(cursor) !== TAG.anchor || checkTag(cursor, sector) !== undefined) return undefined;
  // 3/10.2: Main Volume Descriptor Sequence Extent BP 16-23, Reserve BP 24-31.
  return { offset, sectorSize, main: readVolumeExtent(cursor, 16), reserve: readVolumeExtent(cursor, 24) };
}
