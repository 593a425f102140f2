// The runs of bytes that make up a regular file, in file order: as they are stored, where it has a coding. They are
// read from the index one by one, as a file may have hundreds of thousands.
import { STREAM } from '../disc/read-plan.js';
import type { Extent, ExtentSequence } from '../filesystem/contract/file-tree.js';
import type { IndexTable } from './index-table.js';
import {
  EXTENT,
  EXTENT_HOLE,
  EXTENT_OFFSET_MASK,
  EXTENT_STREAM_MASK,
  EXTENT_STREAM_SHIFT,
  EXTENT_WORDS,
  FLAG,
  ROW,
} from './layout.js';
import { HIGH } from './wide-number.js';

export class RowExtents implements ExtentSequence {
  readonly length: number;
  readonly #table: IndexTable;
  readonly #row: number;
  /** Of those in the section of extents; undefined where the row itself has the only one. */
  readonly #first: number | undefined;

  constructor(table: IndexTable, row: number) {
    this.#table = table;
    this.#row = row;
    const hasMany = (table.word(row, ROW.flags) & FLAG.manyExtents) !== 0;
    this.#first = hasMany ? table.word(row, ROW.dataLow) : undefined;
    if (table.wide(row, ROW.sizeLow) === 0) this.length = 0;
    else this.length = hasMany ? table.word(row, ROW.dataHigh) : 1;
  }

  /** Bytes of all. */
  get bytes(): number {
    return this.length === 0 ? 0 : this.end(this.length - 1);
  }

  /** Byte of the file behind the last of an extent that there is. */
  end(i: number): number {
    if (this.#first === undefined) return this.#table.wide(this.#row, ROW.sizeLow);
    return this.#word(i, EXTENT.endLow) + this.#word(i, EXTENT.endHigh) * HIGH;
  }

  at(i: number): Extent | undefined {
    if (i >= this.length) return undefined;
    const length = this.end(i) - (i === 0 ? 0 : this.end(i - 1));
    if (this.#first === undefined) return { offset: this.#table.wide(this.#row, ROW.dataLow), length };
    const high = this.#word(i, EXTENT.offsetHigh);
    if (high === EXTENT_HOLE) return { offset: undefined, length };
    const offset = this.#word(i, EXTENT.offsetLow) + (high & EXTENT_OFFSET_MASK) * HIGH;
    const stream = (high >>> EXTENT_STREAM_SHIFT) & EXTENT_STREAM_MASK;
    return stream === STREAM.data ? { offset, length } : { offset, length, stream };
  }

  *[Symbol.iterator](): Iterator<Extent> {
    for (let i = 0; i < this.length; i += 1) yield this.at(i)!;
  }

  #word(i: number, word: number): number {
    return this.#table.memory.extents[(this.#first! + i) * EXTENT_WORDS + word]!;
  }
}
