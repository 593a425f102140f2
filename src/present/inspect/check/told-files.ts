// Files that reach beyond the end of the image are told of the first view that has them: the others show the same
// bytes.
import { MAX_FINDINGS } from '../../../base/finding.js';
import type { Finding, FindingLog } from '../../../base/finding.js';
import { placeOf } from './collect-files.js';
import type { CheckedFile, CheckedView } from './collect-files.js';

export class ToldFiles {
  readonly #findings: FindingLog;
  readonly #imageSize: number;
  /** Byte offsets of their first runs. */
  readonly #places = new Set<number>();
  #isTold = false;

  constructor(findings: FindingLog, imageSize: number) {
    this.#findings = findings;
    this.#imageSize = imageSize;
  }

  /** The view that was collected last has such files, and all of them had been told before. */
  get isTold(): boolean {
    return this.#isTold;
  }

  /** Collects a view; what it says of such files is left out where it is nothing new. Rejects as `collect` does. */
  async collect(collect: () => Promise<CheckedView>): Promise<CheckedView> {
    const held: Finding[] = [];
    this.#isTold = false;
    this.#findings.takeBack = (finding) => {
      const takes = finding.code === 'file-beyond-end' && held.length < MAX_FINDINGS;
      if (takes) held.push(finding);
      return takes;
    };
    try {
      const view = await collect();
      const files = view.files.filter((file) => this.#isBeyondEnd(file));
      const isNew = files.some((file) => !this.#places.has(placeOf(file)));
      for (const file of files) this.#places.add(placeOf(file));
      // A file of which no run is known is none of those that have been told.
      this.#isTold = files.length > 0 && !isNew && held.length <= files.length;
      return view;
    } finally {
      this.#findings.takeBack = undefined;
      if (!this.#isTold) for (const finding of held) this.#findings.add(finding);
    }
  }

  #isBeyondEnd({ runs }: CheckedFile): boolean {
    for (const { offset, length } of runs) if (offset + length > this.#imageSize) return true;
    return false;
  }
}
