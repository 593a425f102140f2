// Data to stdout, talk to stderr. Lines are gathered into large writes, and the producer waits for a slow reader.
import type { Writable } from 'node:stream';
import { readVariable } from '../base/environment.js';
import { IsodriveError } from '../base/error.js';

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
  readonly #stdout: Writable;
  readonly stderr: Writable;
  readonly json: boolean;
  readonly stderrIsTerminal: boolean;
  #batch = '';

  constructor(options: OutputOptions) {
    this.#stdout = options.stdout;
    this.stderr = options.stderr;
    this.json = options.json;
    this.stderrIsTerminal = options.stderrIsTerminal;
  }

  /** Throws `partial` when it was closed before this process began, which the launcher alone can tell. */
  get stdout(): Writable {
    if (readVariable('ISODRIVE_STDOUT') !== 'closed') return this.#stdout;
    throw new IsodriveError('partial', 'Cannot write to standard output: it is closed, expected it open', {
      action: 'Send it to /dev/null where it is not wanted',
    });
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
    await new Promise<void>((resolve, reject) => {
      this.stdout.write(text, (error) => (error == null ? resolve() : reject(error)));
    });
  }

  /** A remark for a person who would see nothing else: none for a program that reads what is printed. */
  noteNothing(text: string): void {
    if (this.stderrIsTerminal && !this.json) this.note(text);
  }

  /** A remark for people. */
  note(text: string): void {
    this.stderr.write(`isodrive: ${text}\n`);
  }
}
