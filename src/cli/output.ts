// Data to stdout, talk to stderr. Lines are gathered into large writes, and the producer waits for a slow reader.
import type { Writable } from 'node:stream';
import { isSystemError } from '../base/error.js';
import { explainSystemError } from '../base/system-error.js';

/** Characters gathered before they are written. */
const BATCH = 64 * 1024;

export interface OutputOptions {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** JSON instead of text for people. */
  readonly json: boolean;
  readonly stderrIsTerminal: boolean;
}

export class Output {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly json: boolean;
  readonly stderrIsTerminal: boolean;
  #batch = '';

  constructor(options: OutputOptions) {
    this.stdout = options.stdout;
    this.stderr = options.stderr;
    this.json = options.json;
    this.stderrIsTerminal = options.stderrIsTerminal;
  }

  /** Takes one line of data, without its end. Written at the latest by `flush`. */
  async line(text: string): Promise<void> {
    this.#batch += `${text}\n`;
    if (this.#batch.length >= BATCH) await this.flush();
  }

  /** One JSON object on a line. */
  record(value: object): Promise<void> {
    return this.line(JSON.stringify(value));
  }

  /** Resolves when stdout has taken everything. */
  async flush(): Promise<void> {
    if (this.#batch === '') return;
    const text = this.#batch;
    this.#batch = '';
    await this.send(() => {
      return new Promise<void>((resolve, reject) => {
        this.stdout.write(text, (error) => (error == null ? resolve() : reject(error)));
      });
    });
  }

  /** Runs what writes to stdout. Rejects in words with what stdout says, but for EPIPE: its reader has had enough. */
  async send<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (thrown) {
      if (isSystemError(thrown) && thrown.code === 'EPIPE') throw thrown;
      throw explainSystemError('Cannot write to standard output', thrown);
    }
  }

  /** A remark for people. */
  note(text: string): void {
    this.stderr.write(`isodrive: ${text}\n`);
  }
}
