// Runs a program that mounts or unmounts for us, in a process of its own: the kernel may ask the file system meanwhile,
// which can be our own event loop.
import { spawn } from 'node:child_process';
import { spawnableProgram } from '../base/raw-words.js';

/** Characters of a helper's messages that are kept. */
const MAX_MESSAGE_LENGTH = 4096;

export interface HelperOptions {
  /** Handed on as descriptor 3; libfuse learns of it through _FUSE_COMMFD. */
  readonly socket?: number;
  /** Milliseconds after which the program is killed; none by default. */
  readonly timeout?: number;
}

export interface HelperResult {
  /** Undefined when a signal ended it, as when the time was up. */
  readonly status: number | undefined;
  /** What it wrote to stderr, trimmed. */
  readonly message: string;
}

/** Rejects with the system's error when the program cannot be started. */
export function runHelper(
  program: string,
  parameters: readonly string[],
  { socket, timeout }: HelperOptions = {},
): Promise<HelperResult> {
  return new Promise((resolve, reject) => {
    const spawnable = spawnableProgram([program, ...parameters], {
      ...process.env,
      LC_ALL: 'C',
      ...(socket === undefined ? {} : { _FUSE_COMMFD: '3' }),
    });
    const child = spawn(spawnable.program, spawnable.parameters, {
      stdio: ['ignore', 'ignore', 'pipe', ...(socket === undefined ? [] : [socket])],
      env: spawnable.environment,
      ...(timeout === undefined ? {} : { timeout, killSignal: 'SIGKILL' }),
    });
    let message = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      message = (message + text).slice(0, MAX_MESSAGE_LENGTH);
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status: status ?? undefined, message: message.trim() }));
  });
}
