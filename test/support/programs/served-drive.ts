// `isodrive drive serve` as a child of the test, and what it serves.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = join(import.meta.dirname, '..', '..', '..', 'dist', 'bundle', 'isodrive.cjs');

export class ServedDrive implements AsyncDisposable {
  /** The addresses that it has printed. */
  readonly uris: readonly string[];
  /** What it prints after them, a line each. */
  readonly events: readonly string[];
  readonly #said: readonly string[];
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  private constructor(
    child: ChildProcess,
    ended: Promise<number | null>,
    { uris, events, said }: Record<'uris' | 'events' | 'said', readonly string[]>,
  ) {
    this.#child = child;
    this.#ended = ended;
    this.uris = uris;
    this.events = events;
    this.#said = said;
  }

  /**
   * Starts it and waits for its first line. Throws with what it said when it ends instead. `openFiles`: as many as it
   * may have.
   */
  static async start(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    openFiles?: number,
  ): Promise<ServedDrive> {
    const command = [process.execPath, PROGRAM, 'drive', 'serve', '--json', ...args];
    const limit = openFiles === undefined ? '' : `ulimit -n ${openFiles}; `;
    const child = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const said: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const events: string[] = [];
    const value = await new Promise<string | undefined>((resolve) => {
      const lines = createInterface({ input: child.stdout });
      lines.once('line', (line) => {
        resolve(line);
        lines.on('line', (event) => events.push(event));
      });
      lines.once('close', () => resolve(undefined));
    });
    if (value === undefined) {
      await ended;
      throw new Error(`drive serve has ended: ${said.join('')}`);
    }
    const { uris } = JSON.parse(value) as { uris: string[] };
    return new ServedDrive(child, ended, { uris, events, said });
  }

  /** All that it has said to people. */
  get stderr(): string {
    return this.#said.join('');
  }

  /** Number of its process. */
  get process(): number {
    return this.#child.pid!;
  }

  /** Sends the signal, and gives the exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM');
  }
}
