// Wine's own programs, in one prefix: its registry is changed by `reg`, and its server says whether it runs. WINE and
// WINESERVER name others than those on the PATH, as Wine's own scripts have it.
import { spawn } from 'node:child_process';
import { readVariable } from '../base/environment.js';
import { IsodriveError, isSystemError } from '../base/error.js';

/** Milliseconds for a program of Wine's, which may have to start its server. */
const DEADLINE = 60_000;
/** Characters that are kept of what it says. */
const MAX_OUTPUT_LENGTH = 65_536;

interface Result {
  readonly status: number | undefined;
  readonly output: string;
}

export class WinePrograms {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /**
   * Runs `reg`, headless. Rejects with `policy` when Wine is not there, `timeout`. Gives its exit status and
   * output.
   */
  reg(...parameters: readonly string[]): Promise<Result> {
    return this.#run(readVariable('WINE') ?? 'wine', ['reg', ...parameters]);
  }

  /** Whether a server runs in the prefix: some program of Windows does, or did a moment ago. */
  async isRunning(): Promise<boolean> {
    // Signal 0 looks whether there is a process to be signalled.
    return (await this.#run(serverProgram(), ['-k0'])).status === 0;
  }

  /**
   * Waits until the server, and with it every program of Windows in the prefix, has ended; false when `signal` aborts
   * before.
   */
  async waitForEnd(signal: AbortSignal): Promise<boolean> {
    return (await this.#run(serverProgram(), ['-w'], signal)).status === 0;
  }

  #run(
    program: string,
    parameters: readonly string[],
    signal = AbortSignal.timeout(DEADLINE),
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, parameters, {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, WINEPREFIX: this.#prefix, WINEDEBUG: '-all', DISPLAY: undefined },
        ...{ signal, killSignal: 'SIGKILL' },
      });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(0, MAX_OUTPUT_LENGTH);
      });
      child.once('error', (error) => {
        if (signal.aborted) resolve({ status: undefined, output });
        else reject(refuseStart(program, error));
      });
      // Not `close`: a server that it has started keeps the pipe for a while.
      child.once('exit', (status) => {
        child.stdout.destroy();
        resolve({ status: status ?? undefined, output });
      });
    });
  }
}

function serverProgram(): string {
  return readVariable('WINESERVER') ?? 'wineserver';
}

function refuseStart(program: string, cause: Error): IsodriveError {
  const found = isSystemError(cause) ? cause.code : cause.message;
  return new IsodriveError('policy', `Cannot run "${program}": found ${found}, expected Wine`, {
    cause,
    action: 'Install Wine (sudo apt install wine), or name its programs in WINE and WINESERVER',
  });
}
