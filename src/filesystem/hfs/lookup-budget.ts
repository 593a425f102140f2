// How often records of a tree may be looked up. Each belongs to one file, so that what a sound volume needs follows
// from the size of the tree: files that share records without end must not cost time without end.

/** Bytes that no record is smaller than: key, extents and offset of one in an HFS overflow tree are 22. */
const MIN_RECORD_BYTES = 20;
/** Lookups that every volume may need, however small its tree is. */
export const SPARE_LOOKUPS = 4096;

export class LookupBudget {
  #left: number;

  /** `treeBytes`: of the whole tree. */
  constructor(treeBytes: number) {
    this.#left = SPARE_LOOKUPS + 2 * (treeBytes / MIN_RECORD_BYTES);
  }

  /** False when there were too many. */
  take(): boolean {
    this.#left -= 1;
    return this.#left >= 0;
  }
}
