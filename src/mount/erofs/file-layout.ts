// Where EROFS finds a file's data: in the image, as one run of blocks or as chunks, or else in a copy.
import { countBytes } from '../../base/byte-count.js';
import type { IndexTable } from '../../index/index-table.js';
import { EXTENT, EXTENT_HOLE, EXTENT_WORDS, FLAG, ROW } from '../../index/layout.js';
import { HIGH } from '../../index/wide-number.js';
import { unsuitable } from './unsuitable.js';

/** Largest chunk, as a power of two of blocks, that the format can say. */
const MAX_CHUNK_BITS = 31;
/** Block number that stands for a run of zeros, within this file. */
export const HOLE = -1;

export interface FileLayout {
  /** `copy`: not in whole blocks of the image, or too scattered. */
  readonly kind: 'run' | 'chunks' | 'copy';
  /** `run`: byte offset in the image. */
  readonly offset: number;
  /** `chunks`: power of two of blocks. */
  readonly chunkBits: number;
  /** `chunks`: index entries. */
  readonly chunks: number;
}

/** One run of the file: merged extents that follow each other in the image too. */
interface Run {
  /** Byte offset in the image, HOLE for zeros. */
  readonly offset: number;
  length: number;
}

const COPY: FileLayout = { kind: 'copy', offset: 0, chunkBits: 0, chunks: 0 };

/** Whether a file is one extent of whole blocks, as nearly all are. Throws as layOutFile does. */
export function isPlainRun(
  table: IndexTable,
  row: number,
  blockSize: number,
  imageBytes: number,
  name: string,
): boolean {
  if ((table.word(row, ROW.flags) & FLAG.manyExtents) !== 0) return false;
  const offset = table.wide(row, ROW.dataLow);
  const length = table.wide(row, ROW.sizeLow);
  checkRun(offset, length, imageBytes, name);
  return offset % blockSize === 0 && offset + length <= imageBytes - (imageBytes % blockSize);
}

/** Layout of a file of more than 0 bytes. Throws `unsupported` when its extents are not all in the image. */
export function layOutFile(
  table: IndexTable,
  row: number,
  blockSize: number,
  imageBytes: number,
  name: string,
): FileLayout {
  const runs = readRuns(table, row, imageBytes, name);
  // The kernel reads whole blocks: one that the image ends within would be an error.
  const lastByte = imageBytes - (imageBytes % blockSize);
  const isWhole = (run: Run): boolean =>
    run.offset === HOLE || (run.offset % blockSize === 0 && run.offset + run.length <= lastByte);
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
export function readRuns(table: IndexTable, row: number, imageBytes: number, name: string): Run[] {
  const size = table.wide(row, ROW.sizeLow);
  if ((table.word(row, ROW.flags) & FLAG.manyExtents) === 0) {
    const offset = table.wide(row, ROW.dataLow);
    checkRun(offset, size, imageBytes, name);
    return [{ offset, length: size }];
  }
  const first = table.word(row, ROW.dataLow);
  const count = table.word(row, ROW.dataHigh);
  if (first + count > table.extentCount) throw unsuitable(name, 'extents lie outside the index');
  const { extents } = table.memory;
  const runs: Run[] = [];
  let total = 0;
  for (let at = first * EXTENT_WORDS; at < (first + count) * EXTENT_WORDS; at += EXTENT_WORDS) {
    const high = extents[at + EXTENT.offsetHigh]!;
    const offset = high === EXTENT_HOLE ? HOLE : extents[at + EXTENT.offsetLow]! + high * HIGH;
    const length = extents[at + EXTENT.lengthLow]! + extents[at + EXTENT.lengthHigh]! * HIGH;
    if (offset !== HOLE) checkRun(offset, length, imageBytes, name);
    total += length;
    if (length > 0) appendRun(runs, offset, length);
  }
  if (total !== size) throw unsuitable(name, `extents of ${countBytes(total)}, expected ${size}`);
  return runs;
}

function appendRun(runs: Run[], offset: number, length: number): void {
  const last = runs.at(-1);
  const follows =
    last !== undefined && (offset === HOLE ? last.offset === HOLE : last.offset + last.length === offset);
  if (follows && (last.offset !== HOLE) === (offset !== HOLE)) last.length += length;
  else runs.push({ offset, length });
}

function checkRun(offset: number, length: number, imageBytes: number, name: string): void {
  if (offset + length <= imageBytes) return;
  throw unsuitable(name, `a file ends at byte ${offset + length}, expected the image to hold it all`);
}
