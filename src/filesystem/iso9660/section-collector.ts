// Puts together the file that several records in a row describe, a section each (ECMA-119 6.5.1, 9.1.6), or one
// record with an interleaved section.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { DirectoryEntry } from '../contract/file-tree.js';
import { RECORD } from './directory-record.js';
import { FileSections } from './file-sections.js';

export class SectionCollector {
  readonly #blockSize: number;
  readonly #sections = new FileSections();
  /** Identifier of the file whose further sections are awaited; length -1 for none. */
  readonly #name = new Uint8Array(256);
  #nameLength = -1;

  constructor(blockSize: number) {
    this.#blockSize = blockSize;
  }

  /** True from the first section of a file until `stop`. */
  get isAwaiting(): boolean {
    return this.#nameLength >= 0;
  }

  /** Awaits further sections of the file in the record. */
  await(record: ByteCursor): void {
    this.#nameLength = record.u8(RECORD.nameLength);
    this.#name.set(record.slice(RECORD.name, this.#nameLength));
  }

  stop(): void {
    this.#nameLength = -1;
  }

  /** True when the record has the name of the awaited file. */
  isContinuedBy(record: ByteCursor): boolean {
    const length = record.u8(RECORD.nameLength);
    if (length !== this.#nameLength) return false;
    for (let i = 0; i < length; i += 1) {
      if (record.u8(RECORD.name + i) !== this.#name[i]) return false;
    }
    return true;
  }

  /** Forgets the sections collected. */
  clear(): void {
    this.#sections.clear();
  }

  /** Adds the record's section. False when the file has too many runs. */
  add(record: ByteCursor): boolean {
    const block = record.u32both(RECORD.extent) + record.u8(RECORD.extendedAttributes);
    const offset = block * this.#blockSize;
    const size = record.u32both(RECORD.size);
    const unit = record.u8(RECORD.unitSize) * this.#blockSize;
    const gap = record.u8(RECORD.gapSize) * this.#blockSize;
    if (unit === 0 || gap === 0) return this.#sections.add(offset, size);
    return this.#sections.addInterleaved(offset, size, unit, gap);
  }

  /** Gives the entry the sections collected: the stored bytes, which are not its size where it has a coding. */
  applyTo(entry: DirectoryEntry): void {
    const { runs } = this.#sections;
    const isCoded = entry.coding !== undefined;
    if (!isCoded) entry.size = this.#sections.size;
    entry.locator = runs[0]?.offset ?? 0;
    entry.extents = isCoded || runs.length > 1 ? runs : undefined;
  }
}
