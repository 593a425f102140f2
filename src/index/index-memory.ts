// The memory an index lives in: plain growable arrays, buffers that threads of JavaScript share, or one region that
// native code has mapped as well.
import { countBytes } from '../base/byte-count.js';
import { IsodriveError } from '../base/error.js';
import {
  BLOB_OFFSET,
  EXTENTS_OFFSET,
  EXTENT_WORDS,
  FILE_WORDS,
  HEADER,
  HEADER_BYTES,
  INDEX_MAGIC,
  INDEX_VERSION,
  MAX_BLOB_BYTES,
  MAX_EXTENTS,
  MAX_FILES,
  MAX_ROWS,
  MAX_SEGMENTS,
  MAX_UNIT_BASES,
  PLAN_FILES_OFFSET,
  PLAN_SEGMENTS_OFFSET,
  PLAN_UNITS_OFFSET,
  REGION_BYTES,
  ROWS_OFFSET,
  ROW_WORDS,
  SEGMENT_WORDS,
  UNIT_BASE_WORDS,
} from './layout.js';
import type { PlanSection } from './plan-section.js';

const ROW_BYTES = ROW_WORDS * 4;
const EXTENT_BYTES = EXTENT_WORDS * 4;
/** What a section that can grow has at first. */
const FIRST_SECTION_BYTES = 65_536;

/** The sections. `reserve` may replace `rows`, `blob` and `extents`: never keep them over a call to it. */
export interface IndexMemory {
  readonly header: Uint32Array;
  readonly rows: Uint32Array;
  readonly blob: Uint8Array;
  readonly extents: Uint32Array;
  /** Where the read plan goes; absent where no native code reads by it. */
  readonly plan?: PlanSection;
  /** Makes room for so many rows, blob bytes and extents in all. `unsupported` beyond the limits of the layout. */
  reserve(rows: number, blobBytes: number, extents: number): void;
  /** Gives the memory back at once; nothing may be read or written after it. Absent where the collector does it. */
  discard?(): void;
  /** What another thread can share the memory by; absent where it cannot. */
  share?(): SharedRegion;
}

/** Memory of an index for another thread of the process: its sections, or the number of a native region. */
export type SharedRegion = SharedSections | number;

export interface SharedSections {
  readonly header: SharedArrayBuffer;
  readonly rows: SharedArrayBuffer;
  readonly blob: SharedArrayBuffer;
  readonly extents: SharedArrayBuffer;
}

function checkLimits(rows: number, blobBytes: number, extents: number): void {
  const limits: [string, number, number][] = [
    ['entries', rows, MAX_ROWS],
    ['bytes of names', blobBytes, MAX_BLOB_BYTES],
    ['extents', extents, MAX_EXTENTS],
  ];
  for (const [what, wanted, limit] of limits) {
    if (wanted > limit) {
      throw new IsodriveError(
        'unsupported',
        `Cannot index the image: it has ${wanted} ${what}, expected at most ${limit}`,
      );
    }
  }
}

function grow<T extends Uint32Array | Uint8Array>(
  current: T,
  wanted: number,
  create: (length: number) => T,
): T {
  if (wanted <= current.length) return current;
  const larger = create(Math.max(wanted, current.length * 2));
  larger.set(current);
  return larger;
}

/** Memory of this process alone, which grows by doubling. */
export class PlainIndexMemory implements IndexMemory {
  readonly header = new Uint32Array(HEADER_BYTES / 4);
  rows = new Uint32Array(256 * ROW_WORDS);
  blob = new Uint8Array(4096);
  extents = new Uint32Array(16 * EXTENT_WORDS);

  constructor() {
    initialise(this.header);
  }

  reserve(rows: number, blobBytes: number, extents: number): void {
    checkLimits(rows, blobBytes, extents);
    this.rows = grow(this.rows, rows * ROW_WORDS, (length) => new Uint32Array(length));
    this.blob = grow(this.blob, blobBytes, (length) => new Uint8Array(length));
    this.extents = grow(this.extents, extents * EXTENT_WORDS, (length) => new Uint32Array(length));
  }
}

/**
 * Memory that other threads of JavaScript see too, in buffers that grow in place. A buffer of the full size would count
 * as memory that is in use, until the collector frees it: with some of them the system refuses to start a process.
 */
export class ThreadIndexMemory implements IndexMemory {
  readonly header: Uint32Array;
  // Views without a length: they grow with their buffers, whichever thread has grown those.
  readonly rows: Uint32Array;
  readonly blob: Uint8Array;
  readonly extents: Uint32Array;
  readonly #sections: SharedSections;

  private constructor(sections: SharedSections) {
    this.#sections = sections;
    this.header = new Uint32Array(sections.header);
    this.rows = new Uint32Array(sections.rows);
    this.blob = new Uint8Array(sections.blob);
    this.extents = new Uint32Array(sections.extents);
  }

  static allocate(): ThreadIndexMemory {
    const memory = new ThreadIndexMemory({
      header: new SharedArrayBuffer(HEADER_BYTES),
      rows: createGrowable(MAX_ROWS * ROW_BYTES),
      blob: createGrowable(MAX_BLOB_BYTES),
      extents: createGrowable(MAX_EXTENTS * EXTENT_BYTES),
    });
    initialise(memory.header);
    return memory;
  }

  /** Memory of another thread, by what its `share` gave. `isAdopted`: the index is in it already. */
  static join(sections: SharedSections, isAdopted: boolean): ThreadIndexMemory {
    const memory = new ThreadIndexMemory(sections);
    if (isAdopted) checkHeader(memory.header);
    else initialise(memory.header);
    return memory;
  }

  reserve(rows: number, blobBytes: number, extents: number): void {
    checkLimits(rows, blobBytes, extents);
    growInPlace(this.#sections.rows, rows * ROW_BYTES);
    growInPlace(this.#sections.blob, blobBytes);
    growInPlace(this.#sections.extents, extents * EXTENT_BYTES);
  }

  share(): SharedSections {
    return this.#sections;
  }
}

function createGrowable(maxByteLength: number): SharedArrayBuffer {
  return new SharedArrayBuffer(FIRST_SECTION_BYTES, { maxByteLength });
}

function growInPlace(section: SharedArrayBuffer, wanted: number): void {
  if (wanted <= section.byteLength) return;
  section.grow(Math.min(Math.max(wanted, section.byteLength * 2), section.maxByteLength));
}

/** A region of REGION_BYTES that native code sees too; pages take memory only once written. */
export class SharedIndexMemory implements IndexMemory {
  readonly header: Uint32Array;
  readonly rows: Uint32Array;
  readonly blob: Uint8Array;
  readonly extents: Uint32Array;
  readonly plan: PlanSection;

  /** `isAdopted`: another process wrote the index; it is taken as it is. Throws `internal` when it is none of ours. */
  constructor(region: ArrayBuffer, isAdopted = false) {
    if (region.byteLength !== REGION_BYTES) {
      throw new RangeError(`Index region has ${countBytes(region.byteLength)}, expected ${REGION_BYTES}`);
    }
    this.header = new Uint32Array(region, 0, HEADER_BYTES / 4);
    this.rows = new Uint32Array(region, ROWS_OFFSET, MAX_ROWS * ROW_WORDS);
    this.extents = new Uint32Array(region, EXTENTS_OFFSET, MAX_EXTENTS * EXTENT_WORDS);
    this.blob = new Uint8Array(region, BLOB_OFFSET, MAX_BLOB_BYTES);
    this.plan = {
      header: this.header,
      files: new Uint32Array(region, PLAN_FILES_OFFSET, MAX_FILES * FILE_WORDS),
      units: new Uint32Array(region, PLAN_UNITS_OFFSET, MAX_UNIT_BASES * UNIT_BASE_WORDS),
      segments: new Uint32Array(region, PLAN_SEGMENTS_OFFSET, MAX_SEGMENTS * SEGMENT_WORDS),
    };
    if (isAdopted) checkHeader(this.header);
    else initialise(this.header);
  }

  reserve(rows: number, blobBytes: number, extents: number): void {
    checkLimits(rows, blobBytes, extents);
  }
}

function checkHeader(header: Uint32Array): void {
  const [magic, version, rows] = header;
  if (magic === INDEX_MAGIC && version === INDEX_VERSION && rows! > 0 && rows! <= MAX_ROWS) return;
  throw new IsodriveError(
    'internal',
    `Cannot take over an index: found version ${version} and ${rows} rows, ` +
      `expected version ${INDEX_VERSION} and 1 to ${MAX_ROWS} rows`,
  );
}

function initialise(header: Uint32Array): void {
  header[HEADER.magic] = INDEX_MAGIC;
  header[HEADER.version] = INDEX_VERSION;
  header[HEADER.rowCount] = 0;
  // Offset 0 means "none" in a row, so the first bytes of the blob stay unused.
  header[HEADER.blobBytes] = 8;
  header[HEADER.extentCount] = 0;
  header[HEADER.planFiles] = 0;
  header[HEADER.planSegments] = 0;
  header[HEADER.planUnits] = 0;
}
