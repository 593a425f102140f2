// An image mounted by one driver in a process of its own, unmounted at the end.
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { DriverName } from '../../../src/options/driver-names.js';

/** Milliseconds that mounting, and unmounting with the end of the process, may take. */
const PATIENCE = 15_000;
const PROGRAM = join(import.meta.dirname, 'mount-child.mjs');

export class MountedImage implements AsyncDisposable {
  readonly directory: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exited: Promise<unknown>;
  #output = '';

  private constructor(directory: string, child: ChildProcessByStdio<Writable, Readable, null>) {
    this.directory = directory;
    this.#child = child;
    this.#exited = once(child, 'close');
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  static async mount(image: string, driver: DriverName | 'erofs-loop'): Promise<MountedImage> {
    const directory = await mkdtemp(join(tmpdir(), `isodrive-${driver}-`));
    const child = spawn(process.execPath, [PROGRAM, image, directory, driver], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const mounted = new MountedImage(directory, child);
    await Promise.race([once(child.stdout, 'data'), mounted.#exited, expire()]);
    if (mounted.#output === 'ready\n') return mounted;
    await mounted[Symbol.asyncDispose]();
    throw new Error(`Driver ${driver} did not mount "${image}"`);
  }

  /** Unmounts; gives what the process said last, after it has ended by itself. Throws when it does not. */
  async unmount(): Promise<string> {
    this.#child.stdin.end();
    const inTime = await Promise.race([this.#exited, expire()]);
    if (inTime === undefined) throw new Error('Process that served the mount did not end');
    return this.#output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#child.exitCode === null) await this.unmount();
    } finally {
      this.#child.kill('SIGKILL');
      await rmdir(this.directory);
    }
  }
}

function expire(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, PATIENCE, undefined).unref());
}
