// Where the lines of the log go. A disk that is full, or hangs, ends nobody and keeps nobody waiting: writes are made
// in the background, one at a time; what waits is bounded, and what is dropped is counted and told once there is room
// again.
import { openSync, write, writeSync } from 'node:fs';
import { isSystemError } from '../src/base/error.js';

/** Bytes that wait to be written at most. */
const MAX_WAITING = 256 * 1024;
/** Milliseconds before the next try at a log that cannot be opened, or has no room at the moment (a pipe). */
const PAUSE = 1000;

export interface LogWriterOptions {
  /** Opened where it is not yet; a descriptor that is open. */
  readonly target: string | number;
  /** What stands in the log for lines that were lost. */
  readonly describeLoss: (lines: number) => string;
}

export class LogWriter {
  readonly #options: LogWriterOptions;
  #descriptor: number | undefined;
  #retryAt = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  /** The last line that was begun is not whole. */
  #isTorn = false;
  #lost = 0;
  #untold = 0;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    if (typeof options.target === 'number') this.#descriptor = options.target;
  }

  /** Lines that were dropped so far. */
  get lostLines(): number {
    return this.#lost;
  }

  /** Never waits and never throws. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > MAX_WAITING) {
      this.#lose(1);
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#writeNext();
  }

  /** Writes what waits, before the process ends. What is being written already is left to its thread. */
  flush(): void {
    if (!this.#open()) return;
    try {
      for (const bytes of this.#waiting) writeSync(this.#descriptor!, bytes);
    } catch {
      // Nobody is left to be told.
    }
    this.#waiting = [];
  }

  #writeNext(): void {
    if (this.#isWriting || this.#waiting.length === 0) return;
    if (!this.#open()) {
      this.#drop();
      return;
    }
    const lines = this.#waiting;
    const told = this.#untold;
    const loss = told === 0 ? '' : this.#options.describeLoss(told);
    const bytes = Buffer.concat([Buffer.from(`${this.#isTorn ? '\n' : ''}${loss}`), ...lines]);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#isWriting = true;
    write(this.#descriptor!, bytes, 0, bytes.length, null, (error, written) => {
      this.#isWriting = false;
      if (error === null && written === bytes.length) {
        this.#isTorn = false;
        this.#untold -= told;
        this.#writeNext();
      } else if (isSystemError(error) && error.code === 'EAGAIN') {
        this.#waiting.unshift(...lines);
        this.#waitingBytes += lines.reduce((sum, line) => sum + line.length, 0);
        setTimeout(() => this.#writeNext(), PAUSE).unref();
      } else {
        // A piece of it may be there: whole lines are counted, not bytes.
        this.#isTorn = error === null && written > 0;
        this.#lose(lines.length);
        this.#writeNext();
      }
    });
  }

  #open(): boolean {
    if (this.#descriptor !== undefined) return true;
    if (typeof this.#options.target === 'number' || Date.now() < this.#retryAt) return false;
    try {
      this.#descriptor = openSync(this.#options.target, 'a', 0o600);
      return true;
    } catch {
      this.#retryAt = Date.now() + PAUSE;
      return false;
    }
  }

  #drop(): void {
    this.#lose(this.#waiting.length);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #lose(lines: number): void {
    this.#lost += lines;
    this.#untold += lines;
  }
}
