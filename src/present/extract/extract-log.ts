// Counts what an extraction has done, reports progress at a bounded rate, and lets other work through now and then.
import type { IsodriveError } from '../../base/error.js';

/** Faults kept word by word; beyond, only their count grows. */
export const MAX_EXTRACT_FAILURES = 1000;
/** Milliseconds between two reports of progress. */
const REPORT_INTERVAL = 100;
/** Milliseconds of synchronous work after which timers and signals get their turn. */
const SLICE = 10;

export interface ExtractTotals {
  /** Bytes of file content; hard-linked files count once for each name. */
  readonly bytes: number;
  /** Entries of every type. */
  readonly entries: number;
}

export interface ExtractProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly entriesDone: number;
  readonly entriesTotal: number;
  /** Bytes a second, since the start. */
  readonly bytesPerSecond: number;
}

export interface ExtractFailure {
  /** Path in the image, for people. */
  readonly path: string;
  readonly error: IsodriveError;
}

export interface ExtractSummary {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  /** Further names of files that were extracted already. */
  readonly hardLinks: number;
  /** Device nodes and fifos. */
  readonly specials: number;
  /** Left out: sockets are of the program that made them. */
  readonly sockets: number;
  /** Entries that were extracted before, by size and time. */
  readonly unchanged: number;
  /** Entries of which something else stands there, which was to be kept. */
  readonly skipped: number;
  /** Bytes of file content written. */
  readonly bytes: number;
  readonly seconds: number;
  /** The first MAX_EXTRACT_FAILURES of them. */
  readonly failures: readonly ExtractFailure[];
  readonly failureCount: number;
  /** The fault after which nothing more was written, such as a full disk. */
  readonly stopped: IsodriveError | undefined;
}

export type Counted =
  'files' | 'directories' | 'symlinks' | 'hardLinks' | 'specials' | 'sockets' | 'unchanged' | 'skipped';

export class ExtractLog {
  readonly #total: ExtractTotals;
  readonly #onProgress: ((progress: ExtractProgress) => void) | undefined;
  readonly #counts: Record<Counted, number> = {
    files: 0,
    directories: 0,
    symlinks: 0,
    hardLinks: 0,
    specials: 0,
    sockets: 0,
    unchanged: 0,
    skipped: 0,
  };
  readonly #failures: ExtractFailure[] = [];
  readonly #started = performance.now();
  #failureCount = 0;
  #bytesWritten = 0;
  #bytesDone = 0;
  #entriesDone = 0;
  #reported = this.#started;
  #paused = this.#started;

  constructor(total: ExtractTotals, onProgress: ((progress: ExtractProgress) => void) | undefined) {
    this.#total = total;
    this.#onProgress = onProgress;
  }

  count(what: Counted): void {
    this.#counts[what] += 1;
    this.#entriesDone += 1;
    this.#reportWhenDue();
  }

  /** Files that were written, and their bytes. */
  addFiles(count: number, bytes: number): void {
    this.#counts.files += count;
    this.#entriesDone += count;
    this.addBytes(bytes);
  }

  /** `written`: bytes that went to disk; `done`: bytes of the total that need no further work. */
  addBytes(written: number, done = written): void {
    this.#bytesWritten += written;
    this.#bytesDone += done;
    this.#reportWhenDue();
  }

  /** `path` is asked for faults that are kept alone. */
  fail(path: () => string, error: IsodriveError): void {
    this.#failureCount += 1;
    if (this.#failures.length < MAX_EXTRACT_FAILURES) this.#failures.push({ path: path(), error });
  }

  /** A promise to wait for when the event loop has been held for long enough. */
  pause(): Promise<void> | undefined {
    if (performance.now() - this.#paused < SLICE) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#paused = performance.now();
        resolve();
      });
    });
  }

  finish(stopped?: IsodriveError): ExtractSummary {
    this.#report();
    return {
      ...this.#counts,
      bytes: this.#bytesWritten,
      seconds: (performance.now() - this.#started) / 1000,
      failures: this.#failures,
      failureCount: this.#failureCount,
      stopped,
    };
  }

  #reportWhenDue(): void {
    if (performance.now() - this.#reported >= REPORT_INTERVAL) this.#report();
  }

  #report(): void {
    const now = performance.now();
    this.#reported = now;
    this.#onProgress?.({
      bytesDone: this.#bytesDone,
      bytesTotal: this.#total.bytes,
      entriesDone: this.#entriesDone,
      entriesTotal: this.#total.entries,
      bytesPerSecond: this.#bytesWritten / Math.max(0.001, (now - this.#started) / 1000),
    });
  }
}
