// Directories that lie where others lie: hard links of directories, and what hostile discs multiply themselves by.
// Each name is written, until far more would be written again than the disc holds; those beyond are left out, and told.
import { ERRNO_NUMBERS, IsodriveError } from '../../base/error.js';
import type { DiscIndex } from '../../index/disc-index.js';
import { ROW, STATE } from '../../index/layout.js';

/** Entries that may be written again: a few of any disc, and a multiple of those that are written once. */
const SPARE_ENTRIES = 4096;
const MAX_ROUNDS = 4;

export class RepeatedDirectories {
  readonly #index: DiscIndex;
  /** By place: the first of each. */
  readonly #first = new Map<number, number>();
  #left: number;

  /** `entries`: what is written, without what is written again. */
  constructor(index: DiscIndex, entries: number) {
    this.#index = index;
    this.#left = SPARE_ENTRIES + MAX_ROUNDS * entries;
  }

  /** To be asked before the entries of a directory are written. Throws `loop` for those that would be too many. */
  enter(row: number, entries: number): void {
    const place = this.#index.table.wide(row, ROW.dataLow);
    const first = this.#first.get(place);
    if (first === undefined) {
      this.#first.set(place, row);
      return;
    }
    if (entries > this.#left) {
      throw new IsodriveError(
        'loop',
        `Left out: it lies where "${this.#index.path(first)}" lies, and too much of the disc was written again already, expected each directory in one place`,
        { action: 'Extract it alone' },
      );
    }
    this.#left -= entries;
  }

  /** Whether the index has refused a directory that leads back to itself, or multiplies. */
  isRefused(row: number): boolean {
    const { table } = this.#index;
    return table.word(row, ROW.state) === STATE.failed && table.word(row, ROW.count) === ERRNO_NUMBERS.ELOOP;
  }
}
