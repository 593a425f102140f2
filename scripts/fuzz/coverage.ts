// Which blocks of our code have run, asked of V8 by the inspector of this thread. It has to be started before the code
// is loaded: blocks of functions that are compiled already are not counted.
import { Session } from 'node:inspector';
import type { Profiler } from 'node:inspector';

export class BlockCoverage {
  readonly #session = new Session();
  /** Of each function, by its place, a byte for each character: 1 once it has run. Functions inside have their own. */
  readonly #functions = new Map<string, Uint8Array>();
  readonly #prefix: string;
  /** Characters of functions that have run. */
  covered = 0;

  /** `prefix`: what the URLs of the code start with that counts. */
  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Whether code has run since the last call that never ran before a call with `learn`, which takes note of it. */
  take(learn: boolean): boolean {
    let found = false;
    this.#session.post('Profiler.takePreciseCoverage', (error, report) => {
      // The inspector answers in the same turn.
      if (error !== null) throw error;
      for (const script of report.result) {
        if (!script.url.startsWith(this.#prefix)) continue;
        for (const { ranges } of script.functions) {
          if (this.#paint(script.url, ranges, learn)) found = true;
        }
      }
    });
    return found;
  }

  /** Ranges come from the whole function inwards: the innermost around a place says whether it ran. */
  #paint(url: string, ranges: readonly Profiler.CoverageRange[], learn: boolean): boolean {
    const [whole] = ranges;
    if (whole === undefined || whole.count === 0) return false;
    const start = whole.startOffset;
    const ran = new Uint8Array(whole.endOffset - start);
    for (const { startOffset, endOffset, count } of ranges) {
      ran.fill(count > 0 ? 1 : 0, startOffset - start, endOffset - start);
    }
    const name = `${url}:${start}`;
    const known = this.#functions.get(name) ?? new Uint8Array(ran.length);
    if (learn) this.#functions.set(name, known);
    let found = false;
    for (let i = 0; i < ran.length; i += 1) {
      if (ran[i] === 0 || known[i] === 1) continue;
      if (!learn) return true;
      found = true;
      known[i] = 1;
      this.covered += 1;
    }
    return found;
  }
}
