// Layout of the index, shared by TypeScript (its only writer) and the addon (which reads it without locks).
// scripts/generate-layout.mjs turns these constants into native/index/index-layout.hh; `npm run check` fails when the
// two differ. All numbers are in the machine's byte order; a row is 24 words of 32 bits.

import { STREAM } from '../disc/read-plan.js';

/** First header word; "ISOX" in little-endian. */
export const INDEX_MAGIC = 0x584f_5349;
/** Grows whenever rows that an older daemon has written would be read as something else, locators included. */
export const INDEX_VERSION = 3;

/** Header words. */
export const HEADER = {
  magic: 0,
  version: 1,
  rowCount: 2,
  blobBytes: 3,
  extentCount: 4,
  /** How often a thread that worked for the mount has crashed the process, within CRASH_SECONDS of the first time. */
  crashes: 5,
  /** That time, in seconds since the machine was started (CLOCK_BOOTTIME). */
  crashedAt: 6,
  /** Of the read plan: files and segments. Written before the first row. */
  planFiles: 7,
  planSegments: 8,
  /** Bases in units; a daemon that knew none has left 0. */
  planUnits: 9,
} as const;
export const CRASH_SECONDS = 60;
export const HEADER_BYTES = 4096;
/** From here on the header holds what the mount is, for whoever goes on with it: text that ends with a zero byte. */
export const NOTE_OFFSET = 512;

export const ROW_WORDS = 24;
/** Words of a row. 64-bit numbers are two words, low first. */
export const ROW = {
  parent: 0,
  /** Byte offset of the name in the blob. */
  nameOffset: 1,
  nameLength: 2,
  /** Type and permission bits. */
  mode: 3,
  links: 4,
  userId: 5,
  groupId: 6,
  sizeLow: 7,
  sizeHigh: 8,
  inodeLow: 9,
  inodeHigh: 10,
  /** A time is a low word of seconds, then 12 high bits of seconds (signed) above 20 bits of microseconds. */
  modified: 11,
  accessed: 13,
  changed: 15,
  /** One extent: as EXTENT.offset. Several (FLAG.manyExtents): first extent and their count. Directories: locator. */
  dataLow: 17,
  dataHigh: 18,
  /** Directories: first child's row. Symlinks: blob offset of the target. Devices: major. Coded files: parameters. */
  first: 19,
  /**
   * Directories: number of children, or the errno when STATE.failed. Symlinks: target bytes. Devices: minor. Files:
   * number of the checksum that the disc records, 0 for none.
   */
  count: 20,
  /** Directories only; written last, with release order. */
  state: 21,
  /**
   * Blob offset of the extended attributes, 0 for none. The one word of a row that changes after its parent is
   * published.
   */
  attributes: 22,
  flags: 23,
} as const;

/** Bits of `flags`; those of CODING_MASK hold one of CODING. */
export const FLAG = { manyExtents: 1, lacksAttributes: 2 } as const;
export const CODING_MASK = 0xff00;
/** How a file is stored; its extents are then the stored bytes, and JavaScript decodes its content. */
export const CODING = {
  plain: 0,
  zisofs: 0x100,
  decmpfs: 0x200,
} as const;
/**
 * Bits of `flags` of a coded file: the binary logarithm of its unit's bytes. Native code keeps units that were
 * decoded; 0: it asks for each read.
 */
export const UNIT_POWER_SHIFT = 16;
export const UNIT_POWER_MASK = 0xff;
export const MIN_UNIT_POWER = 9;
export const MAX_UNIT_POWER = 24;
export const STATE = { unloaded: 0, loaded: 1, failed: 2 } as const;

export const EXTENT_WORDS = 4;
/**
 * Words of an extent. `offsetHigh`: 24 high bits of the offset, 7 of the stream (STREAM), and EXTENT_HOLE for a run
 * of zeros. `end`: the byte behind its last in the file, so that the extents of a file are sorted by it.
 */
export const EXTENT = { offsetLow: 0, offsetHigh: 1, endLow: 2, endHigh: 3 } as const;
export const EXTENT_HOLE = 0x8000_0000;
export const EXTENT_STREAM_SHIFT = 24;
export const EXTENT_STREAM_MASK = 0x7f;
export const EXTENT_OFFSET_MASK = 0xff_ffff;
/** Stream of extents that are in the blob. */
export const BLOB_STREAM = STREAM.blob;

/** Rows of one index. The largest real discs hold a tenth of this. */
export const MAX_ROWS = 8_388_608;
export const MAX_BLOB_BYTES = 1_073_741_824;
export const MAX_EXTENTS = 4_194_304;

/** Words of a file of the read plan: its bytes. */
export const FILE_WORDS = 2;
export const MAX_FILES = 128;
/**
 * Words of a base in units: bytes of a unit, one of FILLER, and its bytes. Segments call it by the number of files
 * and its own.
 */
export const UNIT_BASE = { unitBytes: 0, filler: 1, sizeLow: 2, sizeHigh: 3 } as const;
export const UNIT_BASE_WORDS = 8;
export const MAX_UNIT_BASES = 64;
export const MAX_UNIT_BYTES = 16_777_216;
/** Who decodes units. */
export const FILLER = { script: 0 } as const;
export const SEGMENT_WORDS = 12;
/**
 * Words of a segment of the read plan; all streams' segments stand in one list, sorted by stream and start. `kind`:
 * one of SEGMENT_KIND, and SEGMENT_SWAP. The rest as in src/disc/read-plan.ts.
 */
export const SEGMENT = {
  stream: 0,
  kind: 1,
  startLow: 2,
  startHigh: 3,
  lengthLow: 4,
  lengthHigh: 5,
  base: 6,
  offsetLow: 7,
  offsetHigh: 8,
  unit: 9,
  stride: 10,
} as const;
export const SEGMENT_KIND = { absent: 0, bytes: 1, zeros: 2 } as const;
export const SEGMENT_SWAP = 0x100;
export const SEGMENT_KIND_MASK = 0xff;
export const MAX_SEGMENTS = 1_048_576;
/** Largest stride. */
export const MAX_STRIDE = 65_536;

/** Where the sections lie in one shared region. */
export const ROWS_OFFSET = HEADER_BYTES;
export const EXTENTS_OFFSET = ROWS_OFFSET + MAX_ROWS * ROW_WORDS * 4;
export const BLOB_OFFSET = EXTENTS_OFFSET + MAX_EXTENTS * EXTENT_WORDS * 4;
export const PLAN_FILES_OFFSET = BLOB_OFFSET + MAX_BLOB_BYTES;
export const PLAN_UNITS_OFFSET = PLAN_FILES_OFFSET + 2048;
export const PLAN_SEGMENTS_OFFSET = PLAN_FILES_OFFSET + 4096;
/** Size of the region, of which only the pages written to take memory. */
export const REGION_BYTES = PLAN_SEGMENTS_OFFSET + MAX_SEGMENTS * SEGMENT_WORDS * 4;

/**
 * Blob format of extended attributes: count (u32), then per attribute name bytes (u32), value bytes (u32), name,
 * value; u32
 * little-endian.
 */
export const ATTRIBUTE_HEADER_BYTES = 8;
