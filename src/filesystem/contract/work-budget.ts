// Bounds what one opened image may cost, whatever it says: metadata read, chains followed, entries made, bytes kept.
// What a sound image needs follows from its size, because each of its bytes belongs to one thing; files and
// directories that share what they are made of must not cost time and memory without end. Beyond the budget there is
// a finding, and an error for what is left; the rest stays readable.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';

/** How often over all of an image may be read as metadata: it is listed, checked, and compared with its other views. */
export const MAX_READ_ROUNDS = 16;
export const SPARE_READ_BYTES = 16 * 1024 * 1024;
/** Bytes that nothing which is a link of a chain is smaller than: a short allocation descriptor. */
export const MIN_STEP_BYTES = 8;
export const SPARE_STEPS = 1024 * 1024;
/** Bytes that no record of an entry is smaller than: one of FAT. */
const MIN_ENTRY_BYTES = 32;
/** Entries that are made of one record: names of a directory that has several. */
export const MAX_ENTRY_ROUNDS = 4;
export const SPARE_ENTRIES = 16_384;
/** Names, targets, attributes and extents that are kept, for each byte of the image. */
export const MAX_KEPT_ROUNDS = 8;
export const SPARE_KEPT_BYTES = 16 * 1024 * 1024;

export class WorkBudget {
  readonly #imageBytes: number;
  #readLeft: number;
  #stepsLeft: number;
  #entriesLeft: number;
  #keptLeft: number;

  /** `views`: how many trees are listed side by side, each of all the image. */
  constructor(imageBytes: number, views = 1) {
    const bytes = imageBytes * Math.max(1, views);
    this.#imageBytes = imageBytes;
    this.#readLeft = SPARE_READ_BYTES + MAX_READ_ROUNDS * bytes;
    this.#stepsLeft = SPARE_STEPS + (MAX_READ_ROUNDS * bytes) / MIN_STEP_BYTES;
    this.#entriesLeft = SPARE_ENTRIES + (MAX_ENTRY_ROUNDS * bytes) / MIN_ENTRY_BYTES;
    this.#keptLeft = SPARE_KEPT_BYTES + MAX_KEPT_ROUNDS * bytes;
  }

  /** Directories are read; false when there was too much of them. */
  takeBytes(count: number): boolean {
    this.#readLeft -= count;
    return this.#readLeft >= 0;
  }

  /** Links of chains are followed, and what belongs to one file is read; false when there were too many. */
  takeSteps(count: number): boolean {
    this.#stepsLeft -= count;
    return this.#stepsLeft >= 0;
  }

  /** An entry is made; false when there were too many. */
  takeEntry(): boolean {
    this.#entriesLeft -= 1;
    return this.#entriesLeft >= 0;
  }

  /** Bytes are kept for as long as the image is open; false when they are too many, and then they do not count. */
  takeKept(count: number): boolean {
    if (count > this.#keptLeft) return false;
    this.#keptLeft -= count;
    return true;
  }

  /** More entries would be too many. */
  get isFull(): boolean {
    return this.#entriesLeft <= 0;
  }

  /** What refuses the rest. */
  refuse(sourceName: string, what = 'its directories share their records'): IsodriveError {
    return new IsodriveError(
      'loop',
      `Cannot list more of "${sourceName}": ${what}, more often than its ${countBytes(this.#imageBytes)} can need`,
      { at: { source: sourceName } },
    );
  }
}

/** Why the extents of a file are not complete. */
export const WORK_USED_UP = 'chains of the volume share their parts, more often than its size can need';
