// Collects where a file's bytes lie when one record does not say it all: several sections (ECMA-119 6.5.1), or
// sections that are interleaved with something else (6.4.3). Runs that follow one another are joined.
import type { Extent } from '../contract/file-tree.js';

/** Runs of one file; the largest real ones have some hundred. */
export const MAX_RUNS = 65_536;

export class FileSections {
  #runs: { offset: number; length: number }[] = [];
  #size = 0;

  clear(): void {
    this.#runs = [];
    this.#size = 0;
  }

  /** Bytes of all sections. */
  get size(): number {
    return this.#size;
  }

  get runs(): readonly Extent[] {
    return this.#runs;
  }

  /** Adds a section of one run, all in bytes. False when the file has too many runs. */
  add(offset: number, length: number): boolean {
    if (length === 0) return true;
    const last = this.#runs.at(-1);
    if (last !== undefined && last.offset + last.length === offset) last.length += length;
    else if (this.#runs.length >= MAX_RUNS) return false;
    else this.#runs.push({ offset, length });
    this.#size += length;
    return true;
  }

  /** Adds an interleaved section: `unit` bytes of the file, `gap` bytes of something else, and so on. */
  addInterleaved(offset: number, length: number, unit: number, gap: number): boolean {
    if (length / unit > MAX_RUNS) return false;
    for (let done = 0, at = offset; done < length; done += unit, at += unit + gap) {
      if (!this.add(at, Math.min(unit, length - done))) return false;
    }
    return true;
  }
}
