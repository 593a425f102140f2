// Runs a program that mounts or unmounts for us, in a process of its own: the kernel may ask the file system meanwhile,
// which can be our own event loop. The daemon's are started apart from what it has open
// (native/system/apart-programs.hh).
import { spawn } from 'node:child_process';
import { getSystemErrorName } from 'node:util';
import { isAddonError } from '../../native/index.js';
import type { ProgramEnd } from '../../native/index.js';
import { spawnableProgram } from '../base/raw-words.js';
import { tryToLoadAddon } from '../io/load-addon.js';

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
export async function runHelper(
  program: string,
  parameters: readonly string[],
  { socket, timeout }: HelperOptions = {},
): Promise<HelperResult> {
  const spawnable = spawnableProgram([program, ...parameters], {
    ...process.env,
    LC_ALL: 'C',
    ...(socket === undefined ? {} : { _FUSE_COMMFD: '3' }),
  });
  const words = [spawnable.program, ...spawnable.parameters];
  const variables = Object.entries(spawnable.environment).map(([name, value]) => `${name}=${value}`);
  const apart = tryToLoadAddon()?.runProgram(words, variables, socket ?? -1, timeout ?? -1);
  try {
    const { status, message } = await (apart ?? spawnHelper(spawnable, { socket, timeout }));
    return { status, message: message.trim() };
  } catch (thrown) {
    throw nameErrno(thrown);
  }
}

function spawnHelper(
  { program, parameters, environment }: ReturnType<typeof spawnableProgram>,
  { socket, timeout }: { socket: number | undefined; timeout: number | undefined },
): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, {
      stdio: ['ignore', 'ignore', 'pipe', ...(socket === undefined ? [] : [socket])],
      env: environment,
      ...(timeout === undefined ? {} : { timeout, killSignal: 'SIGKILL' }),
    });
    let message = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      message = (message + text).slice(0, MAX_MESSAGE_LENGTH);
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status: status ?? undefined, message }));
  });
}

/** Of the addon's errors: as Node's own have it, `code` beside `errno`. */
function nameErrno(thrown: unknown): unknown {
  if (!isAddonError(thrown) || 'code' in thrown) return thrown;
  return Object.assign(thrown, { code: getSystemErrorName(-thrown.errno) });
}
