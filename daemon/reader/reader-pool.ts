// Readers for images to come: one is always started ahead, because a thread takes longer to start than most images to
// open.
import { tryToLoadAddon } from '../../src/io/load-addon.js';
import type { ReaderLimits } from './reader-limits.js';
import { ReaderThread } from './reader-thread.js';

/** Milliseconds after which a reader that was taken is replaced: whoever took it needs the processor now. */
const REPLACE_DELAY = 100;
/** Milliseconds after the last of several readers has ended in which what they have freed is given back. */
const TRIM_DELAY = 500;

export class ReaderPool {
  readonly #limits: ReaderLimits;
  #spare: ReaderThread | undefined;
  #timer: NodeJS.Timeout | undefined;
  #trim: NodeJS.Timeout | undefined;

  constructor(limits: ReaderLimits) {
    this.#limits = limits;
  }

  /** A reader that has read nothing yet; it is the caller's to end. */
  take(): ReaderThread {
    const reader = this.#spare ?? new ReaderThread(this.#limits);
    this.#spare = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.prepare(), REPLACE_DELAY).unref();
    void reader.ended.then(() => {
      clearTimeout(this.#trim);
      this.#trim = setTimeout(() => tryToLoadAddon()?.trimMemory(), TRIM_DELAY).unref();
    });
    return reader;
  }

  /** Starts one ahead, where the system has a thread for it. */
  prepare(): void {
    if (this.#spare !== undefined) return;
    let spare: ReaderThread;
    try {
      spare = new ReaderThread(this.#limits);
    } catch {
      // Who needs one asks again, and is told.
      return;
    }
    this.#spare = spare;
    spare.onDeath = () => {
      if (this.#spare === spare) this.#spare = undefined;
    };
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#spare?.end();
    this.#spare = undefined;
  }
}
