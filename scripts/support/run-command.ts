// Runs one program to its end. Used by the benchmark and by the end-to-end tests, which must never touch a mount
// from their own process: every access to a mounted tree is a child started here.
import { spawn } from 'node:child_process';

/** Bytes kept of each output stream; more ends the program. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const DEFAULT_TIMEOUT = 120_000;

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Milliseconds after which it is killed, and the result says `timedOut`. */
  readonly timeout?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface CommandResult {
  /** Exit status; undefined when a signal ended it. */
  readonly status: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly timedOut: boolean;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Wall time from spawn to exit. */
  readonly seconds: number;
}

/** Resolves whatever the exit status is; rejects only when the program cannot be started. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const { timeout = DEFAULT_TIMEOUT, ...rest } = options;
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...rest });
    const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
    let bytes = 0;
    let timedOut = false;
    let seconds = 0;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
      // A grandchild may hold the pipes open for ever.
      child.stdout.destroy();
      child.stderr.destroy();
    }, timeout);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_OUTPUT_BYTES) child.kill('SIGKILL');
        chunks[name].push(chunk);
      });
    }
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('exit', () => {
      seconds = (performance.now() - started) / 1000;
    });
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      resolve({
        status: status ?? undefined,
        signal: signal ?? undefined,
        timedOut,
        stdout: Buffer.concat(chunks.stdout),
        stderr: Buffer.concat(chunks.stderr).toString(),
        seconds,
      });
    });
  });
}

/** Like runCommand, but rejects with what the program said unless it ended with status 0. */
export async function mustRun(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await runCommand(file, args, options);
  if (result.status === 0) return result;
  const end = result.timedOut
    ? 'ran too long'
    : `ended with ${result.status ?? result.signal ?? 'no status'}`;
  throw new Error(`"${[file, ...args].join(' ')}" ${end}, expected 0: ${result.stderr.trim().slice(-2000)}`);
}

/** True when the program is in PATH. */
export async function hasProgram(name: string): Promise<boolean> {
  return (await runCommand('/bin/sh', ['-c', `command -v "$1"`, 'sh', name])).status === 0;
}
