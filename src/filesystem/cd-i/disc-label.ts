// The disc label of CD-i: a volume descriptor of ECMA-119 with another identifier, in which only the big-endian halves
// of numbers are filled in. The standard, the Green Book of Philips and Sony, is not public: the layout is that of
// public descriptions by the community (CD-i Extract, the New International CD-i Association).
import { ByteCursor } from '../../base/byte-cursor.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { Timestamp } from '../contract/file-tree.js';
import { readLongDate } from '../iso9660/date.js';
import type { TablePlace } from '../iso9660/path-table.js';
import { DESCRIPTOR_TYPE } from '../iso9660/volume-descriptor.js';

export const CD_I_IDENTIFIER = 'CD-I ';
/** Logical block sizes; discs have 2048. */
const BLOCK_SIZES: readonly number[] = [512, 1024, 2048];

export interface DiscLabel {
  /** Byte offset in the image. */
  readonly offset: number;
  readonly systemId: string;
  readonly volumeId: string;
  readonly albumId: string;
  readonly publisherId: string;
  readonly preparerId: string;
  readonly applicationId: string;
  /** Bytes of the volume, and of a logical block. */
  readonly size: number;
  readonly blockSize: number;
  readonly pathTable: TablePlace;
  readonly created: Timestamp | undefined;
  readonly modified: Timestamp | undefined;
}

/** Whether a sector is a disc label, or the terminator behind them. */
export function isDiscLabel(sector: Uint8Array): boolean {
  return Buffer.from(sector.subarray(1, 1 + CD_I_IDENTIFIER.length)).toString('latin1') === CD_I_IDENTIFIER;
}

/** Undefined where it is no label of a volume, or its block size is none. `sector`: SECTOR_SIZE bytes at `offset`. */
export function parseDiscLabel(sector: Uint8Array, source: string, offset: number): DiscLabel | undefined {
  const cursor = new ByteCursor(sector, source, offset, 0, SECTOR_SIZE);
  const blockSize = cursor.u16be(130); // logical block size, offset 130
  const isVolume = cursor.u8(0) === DESCRIPTOR_TYPE.primary; // record type, offset 0
  if (!isVolume || !BLOCK_SIZES.includes(blockSize)) return undefined;
  return {
    offset,
    systemId: cursor.text(8, 32), // offset 8
    volumeId: cursor.text(40, 32).trim(), // offset 40
    albumId: cursor.text(190, 128), // offset 190
    publisherId: cursor.text(318, 128), // offset 318
    preparerId: cursor.text(446, 128), // offset 446
    applicationId: cursor.text(574, 128), // offset 574
    size: cursor.u32be(84) * blockSize, // blocks of the volume, offset 84
    blockSize,
    pathTable: {
      size: cursor.u32be(136), // bytes of the path table, offset 136
      offset: cursor.u32be(148) * blockSize, // block of the path table, offset 148
      blockSize,
    },
    created: readDate(cursor, 813), // offset 813
    modified: readDate(cursor, 830), // offset 830
  };
}

/** 16 digits, without a time zone. */
function readDate(cursor: ByteCursor, at: number): Timestamp | undefined {
  const time = { seconds: 0, microseconds: 0 };
  return readLongDate(cursor, at, time, false) ? time : undefined;
}
