// Typed access to the rows of an index: one writer (append a directory, publish it), any number of readers.
import type { DirectoryEntry } from '../filesystem/contract/file-tree.js';
import { encodeAttributes } from './attribute-blob.js';
import { compareBytes } from './byte-order.js';
import type { DirectoryStage } from './directory-stage.js';
import type { IndexBudget } from './index-budget.js';
import type { IndexMemory } from './index-memory.js';
import { EXTENT_WORDS, HEADER, ROW, ROW_WORDS, STATE } from './layout.js';
import { HIGH, highWord } from './wide-number.js';
import { MODE_TYPE } from '../filesystem/contract/file-tree.js';
import { writeAttributes } from './write-attributes.js';

export const ROOT_ROW = 0;

export class IndexTable {
  readonly memory: IndexMemory;
  #budget: IndexBudget | undefined;

  constructor(memory: IndexMemory) {
    this.memory = memory;
  }

  /** From now on the index grows within a budget; what is in it counts, even if it is too much. */
  limitBy(budget: IndexBudget): void {
    this.#budget = budget;
    budget.adopt(usedBytes(this.rowCount, this.blobBytes, this.extentCount));
  }

  #reserve(rows: number, blobBytes: number, extents: number): void {
    this.memory.reserve(rows, blobBytes, extents);
    this.#budget?.grow(usedBytes(rows, blobBytes, extents));
  }

  get rowCount(): number {
    return this.memory.header[HEADER.rowCount]!;
  }

  get blobBytes(): number {
    return this.memory.header[HEADER.blobBytes]!;
  }

  get extentCount(): number {
    return this.memory.header[HEADER.extentCount]!;
  }

  /** Word `field` of a row. */
  word(row: number, field: number): number {
    return this.memory.rows[row * ROW_WORDS + field]!;
  }

  /** 64-bit field whose low word is `field`. */
  wide(row: number, field: number): number {
    return this.word(row, field) + this.word(row, field + 1) * HIGH;
  }

  type(row: number): number {
    return this.word(row, ROW.mode) & MODE_TYPE.mask;
  }

  /** Name bytes; a view that the next write to the index may detach from it. */
  name(row: number): Uint8Array {
    const start = this.word(row, ROW.nameOffset);
    return this.memory.blob.subarray(start, start + this.word(row, ROW.nameLength));
  }

  setRoot(entry: DirectoryEntry): void {
    const attributes = encodeAttributes(entry.attributes ?? []);
    const blobStart = this.memory.header[HEADER.blobBytes]!;
    this.#reserve(1, blobStart + attributes.length, 0);
    const { rows } = this.memory;
    if (entry.attributes !== undefined) {
      this.memory.blob.set(attributes, blobStart);
      this.memory.header[HEADER.blobBytes] = blobStart + attributes.length;
      rows[ROW.attributes] = blobStart;
    }
    writeAttributes(rows, 0, entry);
    rows[ROW.dataLow] = entry.locator >>> 0;
    rows[ROW.dataHigh] = highWord(entry.locator);
    this.memory.header[HEADER.rowCount] = 1;
  }

  /**
   * Appends a directory's entries as one run in byte order and publishes them. Synchronous, so that no other
   * directory's run can come between. Throws `unsupported` when the index is full, or `quota` when its budget is used
   * up, and then changes nothing.
   */
  appendChildren(parent: number, stage: DirectoryStage): void {
    const order = stage.order();
    const { header } = this.memory;
    const firstRow = header[HEADER.rowCount]!;
    const blobBase = header[HEADER.blobBytes]!;
    const extentBase = header[HEADER.extentCount]!;
    this.#reserve(firstRow + stage.count, blobBase + stage.blobBytes, extentBase + stage.extentCount);
    const { rows, blob, extents } = this.memory;
    stage.relocate(parent, blobBase, extentBase);
    blob.set(stage.blob.subarray(0, stage.blobBytes), blobBase);
    extents.set(stage.extents.subarray(0, stage.extentCount * EXTENT_WORDS), extentBase * EXTENT_WORDS);
    copyRows(stage, order, rows, firstRow);
    header[HEADER.rowCount] = firstRow + stage.count;
    header[HEADER.blobBytes] = blobBase + stage.blobBytes;
    header[HEADER.extentCount] = extentBase + stage.extentCount;
    this.#publish(parent, firstRow, stage.count, STATE.loaded);
  }

  /**
   * For an index whose writer died: drops a run that was appended and never published. There is one at most, the last,
   * because `appendChildren` is never interrupted but by death.
   */
  cutUnpublished(): void {
    let end = 1;
    for (let row = 0; row < this.rowCount; row += 1) {
      if (this.type(row) !== MODE_TYPE.directory || this.word(row, ROW.state) !== STATE.loaded) continue;
      end = Math.max(end, this.word(row, ROW.first) + this.word(row, ROW.count));
    }
    this.memory.header[HEADER.rowCount] = Math.min(end, this.rowCount);
  }

  /**
   * Writes extended attributes that rows can be given; gives their place. Throws `unsupported` when the index is
   * full.
   */
  addAttributes(attributes: readonly (readonly [string, Uint8Array])[]): number {
    const bytes = encodeAttributes(attributes);
    const { header } = this.memory;
    const place = header[HEADER.blobBytes]!;
    this.memory.reserve(this.rowCount, place + bytes.length, this.extentCount);
    this.memory.blob.set(bytes, place);
    header[HEADER.blobBytes] = place + bytes.length;
    return place;
  }

  /** Gives a row other extended attributes, those at `place`: one word, so that readers see the old ones or the new. */
  setAttributes(row: number, place: number): void {
    Atomics.store(this.memory.rows, row * ROW_WORDS + ROW.attributes, place);
  }

  /** Marks a directory as one that cannot be listed. */
  fail(row: number, errno: number): void {
    this.#publish(row, 0, errno, STATE.failed);
  }

  #publish(row: number, first: number, count: number, state: number): void {
    const { rows } = this.memory;
    rows[row * ROW_WORDS + ROW.first] = first;
    rows[row * ROW_WORDS + ROW.count] = count;
    // Release: a native reader that sees the state also sees every row written before it.
    Atomics.store(rows, row * ROW_WORDS + ROW.state, state);
  }

  /** Row of a loaded directory's child, or -1. */
  lookup(parent: number, name: Uint8Array): number {
    const first = this.word(parent, ROW.first);
    let low = 0;
    let high = this.word(parent, ROW.count);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const row = first + middle;
      const order = compareBytes(
        this.memory.blob,
        this.word(row, ROW.nameOffset),
        this.word(row, ROW.nameLength),
        name,
        0,
        name.length,
      );
      if (order === 0) return row;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return -1;
  }
}

function usedBytes(rows: number, blobBytes: number, extents: number): number {
  return 4 * (rows * ROW_WORDS + extents * EXTENT_WORDS) + blobBytes;
}

function copyRows(
  stage: DirectoryStage,
  order: Uint32Array | undefined,
  rows: Uint32Array,
  firstRow: number,
): void {
  const first = firstRow * ROW_WORDS;
  if (order === undefined) {
    rows.set(stage.rows.subarray(0, stage.count * ROW_WORDS), first);
    return;
  }
  const staged = stage.rows;
  for (let i = 0; i < order.length; i += 1) {
    const from = order[i]! * ROW_WORDS;
    const to = first + i * ROW_WORDS;
    for (let word = 0; word < ROW_WORDS; word += 1) rows[to + word] = staged[from + word]!;
  }
}
