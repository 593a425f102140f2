// Where EROFS finds a file's data: in the image, as one run of blocks or as chunks, or else in a copy.
import { countBytes } from '../../base/byte-count.js';
import type { IndexTable } from '../../index/index-table.js';
import { STREAM } from '../../disc/read-plan.js';
import {
  EXTENT,
  EXTENT_HOLE,
  EXTENT_OFFSET_MASK,
  EXTENT_STREAM_SHIFT,
  EXTENT_WORDS,
  FLAG,
  ROW,
} from '../../index/layout.js';
import { HIGH } from '../../index/wide-number.js';
import type { PlacedBytes, PlacedImage } from './placed-image.js';
import { unsuitable } from './unsuitable.js';

/** Largest chunk, as a power of two of blocks, that the format can say. */
const MAX_CHUNK_BITS = 31;
/** Block number that stands for a run of zeros, within this file. */
export const HOLE = -1;
/** Byte offset that stands for bytes that the image does not hold, within this file. */
const ADDED = -2;

export interface FileLayout {
  /** `copy`: not in whole blocks of the image's files, or too scattered. */
  readonly kind: 'run' | 'chunks' | 'copy';
  /** `run`: byte offset in the space of the image's files. */
  readonly offset: number;
  /** `chunks`: power of two of blocks. */
  readonly chunkBits: number;
  /** `chunks`: index entries. */
  readonly chunks: number;
}

/** One run of the file: merged extents that follow each other in one file of the image too. */
interface Run {
  /** Byte offset in the space of the image's files, HOLE for zeros, ADDED for bytes that are not in it. */
  readonly offset: number;
  length: number;
  /** Number of the image's file; that of HOLE and ADDED is 0. */
  readonly file: number;
}

const COPY: FileLayout = { kind: 'copy', offset: 0, chunkBits: 0, chunks: 0 };

/** Whether a file is one extent of whole blocks, as nearly all are. Throws as layOutFile does. */
export function isPlainRun(table: IndexTable, row: number, image: PlacedImage): boolean {
  if ((table.word(row, ROW.flags) & FLAG.manyExtents) !== 0) return false;
  const places = placeRun(table.wide(row, ROW.dataLow), table.wide(row, ROW.sizeLow), image);
  return places.length === 1 && image.isWhole(places[0]!);
}

/** Layout of a file of more than 0 bytes. Throws `unsupported` when its extents are not all in the image. */
export function layOutFile(table: IndexTable, row: number, image: PlacedImage): FileLayout {
  const runs = readRuns(table, row, image);
  const { blockSize } = image;
  const isWhole = (run: Run): boolean => run.offset === HOLE || (run.offset >= 0 && image.isWhole(run));
  if (!runs.every(isWhole)) return COPY;
  const [first] = runs;
  if (runs.length === 1 && first !== undefined && first.offset !== HOLE)
    return { kind: 'run', offset: first.offset, chunkBits: 0, chunks: 0 };
  const size = table.wide(row, ROW.sizeLow);
  const chunkBits = chooseChunkBits(runs, blockSize, size);
  if (chunkBits < 0) return COPY;
  return { kind: 'chunks', offset: 0, chunkBits, chunks: Math.ceil(size / (blockSize * 2 ** chunkBits)) };
}

/** Largest chunk on whose boundaries every run but the first begins; -1 when a block is too large already. */
function chooseChunkBits(runs: readonly Run[], blockSize: number, size: number): number {
  let bits = 0;
  while (bits < MAX_CHUNK_BITS && blockSize * 2 ** bits < size) bits += 1;
  let boundary = 0;
  for (const run of runs.slice(0, -1)) {
    boundary += run.length;
    if (boundary % blockSize !== 0) return -1;
    while (boundary % (blockSize * 2 ** bits) !== 0) bits -= 1;
  }
  return bits;
}

/** The runs of a file, checked against the image. */
export function readRuns(table: IndexTable, row: number, image: PlacedImage): Run[] {
  const { name } = image;
  const size = table.wide(row, ROW.sizeLow);
  if ((table.word(row, ROW.flags) & FLAG.manyExtents) === 0) {
    return placeRun(table.wide(row, ROW.dataLow), size, image).map((place) => ({ ...place }));
  }
  const first = table.word(row, ROW.dataLow);
  const count = table.word(row, ROW.dataHigh);
  if (first + count > table.extentCount) throw unsuitable(name, 'extents lie outside the index');
  const { extents } = table.memory;
  const runs: Run[] = [];
  let total = 0;
  for (let at = first * EXTENT_WORDS; at < (first + count) * EXTENT_WORDS; at += EXTENT_WORDS) {
    const high = extents[at + EXTENT.offsetHigh]!;
    const place = extents[at + EXTENT.offsetLow]! + (high & EXTENT_OFFSET_MASK) * HIGH;
    const isAdded = high !== EXTENT_HOLE && high >>> EXTENT_STREAM_SHIFT !== STREAM.data;
    const end = extents[at + EXTENT.endLow]! + extents[at + EXTENT.endHigh]! * HIGH;
    const length = end - total;
    if (length < 0) throw unsuitable(name, 'extents that are not in the order of the file');
    total = end;
    if (length === 0) continue;
    if (high === EXTENT_HOLE || isAdded) appendRun(runs, { offset: isAdded ? ADDED : HOLE, length, file: 0 });
    else for (const one of placeRun(place, length, image)) appendRun(runs, one);
  }
  if (total !== size) throw unsuitable(name, `extents of ${countBytes(total)}, expected ${size}`);
  return runs;
}

function appendRun(runs: Run[], { offset, length, file }: PlacedBytes): void {
  const last = runs.at(-1);
  const isPlaced = offset >= 0;
  const end = isPlaced ? (last?.offset ?? HOLE) + (last?.length ?? 0) : last?.offset;
  const isAlike = last !== undefined && last.offset >= 0 === isPlaced && last.file === file;
  if (isAlike && end === offset) last.length += length;
  else runs.push({ offset, length, file });
}

/** Where in the image's files a run of the disc lies. */
function placeRun(offset: number, length: number, image: PlacedImage): readonly PlacedBytes[] {
  const places = image.locate(offset, length);
  if (places !== undefined) return places;
  throw unsuitable(image.name, `a file ends at byte ${offset + length}, expected the image to hold it all`);
}
