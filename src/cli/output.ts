// Data to stdout, talk to stderr. Lines are gathered into large writes, and the producer waits for a slow reader.
import type { Writable } from 'node:stream';
import { readVariable } from '../base/environment.js';
import { IsodriveError, isSystemError } from '../base/error.js';
import { encodePath } from '../base/path-text.js';
import { explainSystemError } from '../base/system-error.js';
import { disarmText, escapeHostText } from '../base/display-name.js';

/** Characters gathered before they are written. */
const BATCH = 64 * 1024;

export interface OutputOptions {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** JSON instead of text for people. */
  readonly json: boolean;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
}

export class Output {
  readonly #stdout: Writable;
  readonly stderr: Writable;
  readonly json: boolean;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  #batch = '';

  constructor(options: OutputOptions) {
    this.#stdout = options.stdout;
    this.stderr = options.stderr;
    this.json = options.json;
    this.stdoutIsTerminal = options.stdoutIsTerminal;
    this.stderrIsTerminal = options.stderrIsTerminal;
  }

  /** Throws `partial` when it was closed before this process began, which the launcher alone can tell. */
  get stdout(): Writable {
    if (readVariable('ISODRIVE_STDOUT') !== 'closed') return this.#stdout;
    throw new IsodriveError('partial', 'Cannot write to standard output: it is closed, expected it open', {
      action: 'Send it to /dev/null where it is not wanted',
    });
  }

  /**
   * Takes one line, without its end, in which nothing can harm a terminal. Written at the latest by `flush`, with
   * what stands for bytes that are not UTF-8 as these bytes.
   */
  async line(text: string): Promise<void> {
    this.#batch += `${text}\n`;
    if (this.#batch.length >= BATCH) await this.flush();
  }

  /** A line that programs parse: names in it are as they are, and made harmless on a terminal alone. */
  data(text: string): Promise<void> {
    return this.line(this.stdoutIsTerminal ? escapeHostText(text) : text);
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
        this.stdout.write(encodePath(text), (error) => (error == null ? resolve() : reject(error)));
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

  /** A remark for a person who would see nothing else: none for a program that reads what is printed. */
  noteNothing(text: string): void {
    if (this.stderrIsTerminal && !this.json) this.note(text);
  }

  /** A remark for people; whatever names are in it cannot harm a terminal. */
  note(text: string): void {
    this.stderr.write(`isodrive: ${disarmText(text)}\n`);
  }

  /** What to do about the last remark. */
  hint(text: string): void {
    this.stderr.write(`hint: ${disarmText(text)}\n`);
  }
}
