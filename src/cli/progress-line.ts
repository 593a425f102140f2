// One line on a terminal that shows how far a long command is, and then vanishes.
import type { Writable } from 'node:stream';
import { formatBytes, formatSeconds } from './count-text.js';
import { terminalWidth } from './terminal-width.js';

/** ECMA-48 8.3.41 EL: erase to the end of the line. */
const ERASE = '\x1b[K';
/** Characters of a bar, and of what stands around it, the last column included, which would wrap the line. */
const MIN_BAR = 8;
const MAX_BAR = 40;
const BAR_FRAME = 5;

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

  /** `remark` stands behind the figures, and behind that a bar of the width that is left, if it is worth while. */
  show(progress: ByteProgress, remark = '', drawBar?: (width: number) => string): void {
    this.#isShown = true;
    const text = formatProgress(progress) + remark;
    const room = Math.min(MAX_BAR, terminalWidth(this.#terminal) - text.length - BAR_FRAME);
    const bar = drawBar === undefined || room < MIN_BAR ? '' : `  [${drawBar(room)}]`;
    this.#terminal.write(`\r${text}${bar}${ERASE}`);
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
