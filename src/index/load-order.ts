// In which order an index is loaded ahead of those who read it: behind a directory that somebody had to wait for, as
// a walk of the tree goes on from there (depth first, by name); for the rest by generations, each in the order of the
// disc.
import { firstWhere } from '../base/binary-search.js';
import { ROOT_ROW } from './index-table.js';
import type { IndexTable } from './index-table.js';
import { ROW, STATE } from './layout.js';

/**
 * Loaded directories that one step of a walk goes past; whatever lies further on is left to its generation
 * meanwhile.
 */
export const MAX_STEPS = 4096;

export class LoadOrder {
  readonly #table: IndexTable;
  /** Directories by the directory that they are in, ascending. */
  readonly #inside = new Map<number, number[]>();
  #generation: readonly number[] = [ROOT_ROW];
  /** How many of it were given. */
  #given = 0;
  #nextGeneration: number[] = [];
  /** Directory that a walk has come to; undefined where nobody walks. */
  #walk: number | undefined;

  constructor(table: IndexTable) {
    this.#table = table;
  }

  /** A directory that is in the index now. Those in one directory come in ascending order. */
  add(row: number): void {
    const parent = this.#table.word(row, ROW.parent);
    const beside = this.#inside.get(parent);
    if (beside === undefined) this.#inside.set(parent, [row]);
    else beside.push(row);
    this.#nextGeneration.push(row);
  }

  /** Somebody waits for a directory, and may want those behind it next. */
  follow(row: number): void {
    this.#walk = row;
  }

  /** A directory that is not loaded, none twice unless it is walked to again; undefined when all were given. */
  next(): number | undefined {
    return this.#nextOfWalk() ?? this.#nextOfGenerations();
  }

  #nextOfWalk(): number | undefined {
    for (let steps = 0; this.#walk !== undefined && steps < MAX_STEPS; steps += 1) {
      this.#walk = this.#behind(this.#walk);
      if (this.#walk !== undefined && this.#isUnloaded(this.#walk)) return this.#walk;
    }
    return undefined;
  }

  /**
   * The first directory in this one, else the next one beside it, else the next one beside what it is in, and so
   * on.
   */
  #behind(row: number): number | undefined {
    const inside = this.#inside.get(row);
    if (inside !== undefined) return inside[0];
    for (let at = row; at !== ROOT_ROW;) {
      const parent = this.#table.word(at, ROW.parent);
      const beside = this.#inside.get(parent) ?? [];
      const next = beside[countUpTo(beside, at)];
      if (next !== undefined) return next;
      at = parent;
    }
    return undefined;
  }

  #nextOfGenerations(): number | undefined {
    for (;;) {
      while (this.#given < this.#generation.length) {
        const row = this.#generation[this.#given]!;
        this.#given += 1;
        if (this.#isUnloaded(row)) return row;
      }
      if (this.#nextGeneration.length === 0) return undefined;
      const place = (row: number): number => this.#table.wide(row, ROW.dataLow);
      this.#generation = this.#nextGeneration.sort((a, b) => place(a) - place(b));
      this.#nextGeneration = [];
      this.#given = 0;
    }
  }

  #isUnloaded(row: number): boolean {
    return this.#table.word(row, ROW.state) === STATE.unloaded;
  }
}

/** How many of ascending numbers are not larger than `limit`. */
function countUpTo(numbers: readonly number[], limit: number): number {
  return firstWhere(numbers.length, (i) => numbers[i]! > limit);
}
