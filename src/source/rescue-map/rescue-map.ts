// Which bytes of a medium have been read: runs of one status each that cover it without gap or overlap, as the map
// file of GNU ddrescue keeps them. The text of such a file is the matter of rescue-map-text.ts.

/** What a map file calls a run: not tried, not trimmed, not scraped, bad, and rescued. */
export const RUN_STATUSES = ['?', '*', '/', '-', '+'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export interface MapRun {
  /** Bytes from the start of the medium. */
  readonly position: number;
  /** Bytes, more than 0. */
  readonly size: number;
  readonly status: RunStatus;
}

/** A run of bytes without a status. */
export type ByteRange = Pick<MapRun, 'position' | 'size'>;

export class RescueMap {
  /** Bytes covered. */
  readonly size: number;
  #runs: MapRun[];

  /** All of it not tried, until `mark` says otherwise. */
  constructor(size: number) {
    this.size = size;
    this.#runs = size === 0 ? [] : [{ position: 0, size, status: '?' }];
  }

  /** A map of runs without gap or overlap between them; what they do not reach has not been tried. */
  static fromRuns(size: number, runs: readonly MapRun[]): RescueMap {
    const map = new RescueMap(size);
    const start = runs[0]?.position ?? size;
    const last = runs.at(-1);
    const end = last === undefined ? size : last.position + last.size;
    const parts: MapRun[] = [
      { position: 0, size: start, status: '?' },
      ...runs,
      { position: end, size: size - end, status: '?' },
    ];
    map.#runs = joinEqual(
      parts
        .map((run) => ({ ...run, size: Math.min(run.size, size - run.position) }))
        .filter((run) => run.size > 0),
    );
    return map;
  }

  /** In order; neighbours differ in status. */
  get runs(): readonly MapRun[] {
    return this.#runs;
  }

  /** Everything has been read. */
  get isComplete(): boolean {
    return this.#runs.every(({ status }) => status === '+');
  }

  /** Gives a range a status; what lies outside of the map is ignored. */
  mark(position: number, size: number, status: RunStatus): void {
    const start = Math.max(0, position);
    const end = Math.min(this.size, position + size);
    if (start >= end) return;
    let first = this.#indexAt(start);
    let last = this.#indexAt(end - 1);
    const head = this.#runs[first]!;
    const tail = this.#runs[last]!;
    const parts: MapRun[] = [];
    if (head.position < start) parts.push({ ...head, size: start - head.position });
    parts.push({ position: start, size: end - start, status });
    const tailEnd = tail.position + tail.size;
    if (tailEnd > end) parts.push({ position: end, size: tailEnd - end, status: tail.status });
    // The neighbours take part, so that what has one status is one run.
    if (first > 0) parts.unshift(this.#runs[(first -= 1)]!);
    if (last + 1 < this.#runs.length) parts.push(this.#runs[(last += 1)]!);
    this.#runs.splice(first, last - first + 1, ...joinEqual(parts));
  }

  /** The first run, or part of one, of such a status that ends behind `position`, cut to begin there. */
  nextFrom(position: number, status: RunStatus): ByteRange | undefined {
    if (position >= this.size) return undefined;
    for (let i = this.#indexAt(Math.max(0, position)); i < this.#runs.length; i += 1) {
      const run = this.#runs[i]!;
      if (run.status !== status) continue;
      const start = Math.max(run.position, position);
      return { position: start, size: run.position + run.size - start };
    }
    return undefined;
  }

  /** The last run, or part of one, of such a status that begins before `position`, cut to end there. */
  lastBefore(position: number, status: RunStatus): ByteRange | undefined {
    if (position <= 0 || this.size === 0) return undefined;
    for (let i = this.#indexAt(Math.min(position, this.size) - 1); i >= 0; i -= 1) {
      const run = this.#runs[i]!;
      if (run.status !== status) continue;
      return { position: run.position, size: Math.min(run.position + run.size, position) - run.position };
    }
    return undefined;
  }

  /** Whether every byte of a range has been read. False for what lies outside of the map. */
  isRescued(position: number, size: number): boolean {
    if (size <= 0) return true;
    if (position < 0 || position + size > this.size) return false;
    const run = this.#runs[this.#indexAt(position)]!;
    return run.status === '+' && position + size <= run.position + run.size;
  }

  /** Bytes of one status. */
  bytesOf(status: RunStatus): number {
    return this.#runs.reduce((sum, run) => sum + (run.status === status ? run.size : 0), 0);
  }

  /** What has not been read up to `end`, in order, neighbours joined; beyond the map nothing has been. */
  missing(end: number = this.size): ByteRange[] {
    const result: { position: number; size: number }[] = [];
    const add = (position: number, size: number): void => {
      const last = result.at(-1);
      if (size <= 0) return;
      if (last !== undefined && last.position + last.size === position) last.size += size;
      else result.push({ position, size });
    };
    for (const { position, size, status } of this.#runs) {
      if (status !== '+') add(position, Math.min(size, end - position));
    }
    add(this.size, end - this.size);
    return result;
  }

  /** Index of the run that holds a byte of the map. */
  #indexAt(position: number): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#runs[middle]!.position <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function joinEqual(runs: readonly MapRun[]): MapRun[] {
  const result: MapRun[] = [];
  for (const run of runs) {
    const last = result.at(-1);
    if (last?.status === run.status) result[result.length - 1] = { ...last, size: last.size + run.size };
    else result.push(run);
  }
  return result;
}
