// The volume descriptor of XDVDFS, the file system of Xbox and Xbox 360 discs. There is no standard: layouts are those
// of public descriptions by the community (xboxdevwiki, XDVDFS and Xbox Game Disc; multimedia.cx, xdvdfs).
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { Timestamp } from '../contract/file-tree.js';

/** Bytes from the start of the game partition: sector 32. */
export const DESCRIPTOR_OFFSET = 32 * SECTOR_SIZE;
const MAGIC = 'MICROSOFT*XBOX*MEDIA';
/** Where the magic stands a second time, as the last bytes of the sector. */
const SECOND_MAGIC = 0x7ec;
/** FILETIME counts from 1601-01-01 in units of 100 nanoseconds. */
const TICKS_PER_MICROSECOND = 10n;
const MICROSECONDS = 1_000_000n;
const EPOCH_SECONDS = 11_644_473_600n;
/** 9999-12-31: what is later was not meant as a time. */
const LAST_SECOND = 253_402_300_799n;

export interface XdvdfsDescriptor {
  /** Byte offset in the image of the descriptor. */
  readonly offset: number;
  /** Byte offset in the image from which sectors are counted. */
  readonly start: number;
  /** Byte offset in the image, and bytes. */
  readonly rootOffset: number;
  readonly rootSize: number;
  readonly created: Timestamp | undefined;
  /** The magic stands at both places. */
  readonly isWhole: boolean;
}

/** Whether bytes at sector 32 of a partition are those of a descriptor. */
export function hasMagic(bytes: Uint8Array, at = 0): boolean {
  return Buffer.from(bytes.subarray(at, at + MAGIC.length)).toString('latin1') === MAGIC;
}

/** `sector`: SECTOR_SIZE bytes with the magic, of the partition at byte `start`. */
export function parseDescriptor(sector: Uint8Array, sourceName: string, start: number): XdvdfsDescriptor {
  const offset = start + DESCRIPTOR_OFFSET;
  const cursor = new ByteCursor(sector, sourceName, offset, 0, SECTOR_SIZE);
  return {
    offset,
    start,
    rootOffset: start + cursor.u32le(20) * SECTOR_SIZE, // sector of the root directory, offset 20
    rootSize: cursor.u32le(24), // bytes of the root directory, offset 24
    created: readFileTime(cursor, 28), // FILETIME, offset 28
    isWhole: hasMagic(sector, SECOND_MAGIC),
  };
}

function readFileTime(cursor: ByteCursor, at: number): Timestamp | undefined {
  const ticks = BigInt(cursor.u32le(at)) + (BigInt(cursor.u32le(at + 4)) << 32n);
  const microseconds = ticks / TICKS_PER_MICROSECOND;
  const seconds = microseconds / MICROSECONDS - EPOCH_SECONDS;
  if (ticks === 0n || seconds > LAST_SECOND) return undefined;
  return { seconds: Number(seconds), microseconds: Number(microseconds % MICROSECONDS) };
}

/** Of a descriptor whose root lies outside of the image. */
export function refuseRoot(source: string, size: number, descriptor: XdvdfsDescriptor): IsodriveError {
  return new IsodriveError(
    'damaged',
    `Cannot read the XDVDFS volume of "${source}": its root directory is at byte ${descriptor.rootOffset}, expected ` +
      `it before the end of the image at byte ${size}`,
    { at: { source, offset: descriptor.offset } },
  );
}
