// One line on a terminal that shows how far a long command is, and then vanishes.
import type { Writable } from 'node:stream';
import { formatBytes, formatSeconds } from './count-text.js';

/** ECMA-48 8.3.41 EL: erase to the end of the line. */
const ERASE = '\x1b[K';

/** How far a command is, in bytes. */
export interface ByteProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly bytesPerSecond: number;
}

export class ProgressLine {
  readonly #terminal: Writable;
  #isShown = false;

  constructor(terminal: Writable) {
    this.#terminal = terminal;
  }

  /** `remark` stands behind the figures. */
  show(progress: ByteProgress, remark = ''): void {
    this.#isShown = true;
    this.#terminal.write(`\r${formatProgress(progress)}${remark}${ERASE}`);
  }

  clear(): void {
    if (this.#isShown) this.#terminal.write(`\r${ERASE}`);
    this.#isShown = false;
  }
}

/** Bytes, share, speed, and time left. */
export function formatProgress({ bytesDone, bytesTotal, bytesPerSecond }: ByteProgress): string {
  const share = bytesTotal === 0 ? 100 : Math.floor((bytesDone / bytesTotal) * 100);
  const left = bytesPerSecond > 0 ? formatSeconds((bytesTotal - bytesDone) / bytesPerSecond) : '--:--';
  return `${share}%  ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}  ${formatBytes(bytesPerSecond)}/s  ${left} left`;
}
