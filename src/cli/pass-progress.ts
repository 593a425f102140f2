// Progress of a pass over an image, a few times a second, where there is a terminal to show it.
import type { Output } from './output.js';
import { ProgressLine } from './progress-line.js';

/** Milliseconds between two looks of a person. */
const INTERVAL = 200;

export class PassProgress {
  readonly #line: ProgressLine | undefined;
  readonly #started = performance.now();
  #shown = 0;

  constructor(output: Output) {
    if (output.stderrIsTerminal && !output.json) this.#line = new ProgressLine(output.stderr);
  }

  show(bytesDone: number, bytesTotal: number): void {
    const now = performance.now();
    if (this.#line === undefined || now - this.#shown < INTERVAL) return;
    this.#shown = now;
    this.#line.show({ bytesDone, bytesTotal, bytesPerSecond: (bytesDone * 1000) / (now - this.#started) });
  }

  clear(): void {
    this.#line?.clear();
  }
}
