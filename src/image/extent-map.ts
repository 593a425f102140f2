// Which files lie where: the index turned round, from bytes of the image to the files that they belong to.
import { firstWhere } from '../base/binary-search.js';
import type { PlanStream } from '../disc/plan-stream.js';
import { MODE_TYPE } from '../filesystem/contract/file-tree.js';
import type { DiscIndex } from '../index/disc-index.js';
import { ROOT_ROW } from '../index/index-table.js';
import { RowExtents } from '../index/row-extents.js';
import { placeRuns } from './placed-runs.js';
import { RunTable } from './run-table.js';
import type { FileRun } from './run-table.js';
import { walkRows } from './walk-rows.js';

/** A file of which some bytes are in a range, and which bytes of the file these are. */
export interface AffectedFile {
  /** From "/", for people. */
  readonly path: string;
  readonly row: number;
  readonly ranges: readonly { readonly position: number; readonly size: number }[];
}

export class ExtentMap {
  readonly runs: RunTable;
  readonly #index: DiscIndex;
  /** Largest end of the runs up to and with each: tells where a backward search may stop. */
  readonly #reach: Float64Array;

  private constructor(index: DiscIndex, runs: RunTable) {
    this.#index = index;
    this.runs = runs;
    this.#reach = new Float64Array(runs.length);
    let reach = 0;
    for (let i = 0; i < runs.length; i += 1) this.#reach[i] = reach = Math.max(reach, runs.end(i));
  }

  /**
   * Loads the whole index. `data`: the disc's. Directories that cannot be listed are left out; rejects with
   * `cancelled` on abort.
   */
  static async load(
    { index, data }: { readonly index: DiscIndex; readonly data: PlanStream },
    signal?: AbortSignal,
  ): Promise<ExtentMap> {
    const files: number[] = [];
    for await (const row of walkRows(index, ROOT_ROW, signal)) {
      if (index.table.type(row) === MODE_TYPE.regular) files.push(row);
    }
    // A file that is one run has no extents of its own.
    const likely = index.table.extentCount + files.length;
    return new ExtentMap(index, new RunTable(likely, listRuns(index, data, files)));
  }

  /** Files with bytes in any of the ranges, in the order of their paths. */
  filesIn(ranges: readonly { readonly position: number; readonly size: number }[]): AffectedFile[] {
    const hits = new Map<number, { position: number; size: number }[]>();
    for (const { position, size } of ranges) {
      for (const run of this.#overlapping(position, position + size)) {
        const start = Math.max(position, run.start);
        const part = {
          position: run.fileOffset + start - run.start,
          size: Math.min(position + size, run.end) - start,
        };
        hits.set(run.row, [...(hits.get(run.row) ?? []), part]);
      }
    }
    return [...hits]
      .map(([row, parts]) => ({
        path: this.#index.path(row),
        row,
        ranges: parts.sort((a, b) => a.position - b.position),
      }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Whether a byte of the image is one of a file's. */
  holds(position: number): boolean {
    return this.#overlapping(position, position + 1).length > 0;
  }

  #overlapping(start: number, end: number): FileRun[] {
    const behind = firstWhere(this.runs.length, (i) => this.runs.start(i) >= end);
    const result: FileRun[] = [];
    for (let i = behind - 1; i >= 0 && this.#reach[i]! > start; i -= 1) {
      if (this.runs.end(i) > start) result.push(this.runs.at(i));
    }
    return result;
  }
}

function* listRuns(index: DiscIndex, data: PlanStream, files: readonly number[]): Iterable<FileRun> {
  for (const row of files) {
    for (const { fileOffset, place, length } of placeRuns(new RowExtents(index.table, row), data))
      yield { row, start: place, end: place + length, fileOffset };
  }
}
