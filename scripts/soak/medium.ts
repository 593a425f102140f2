// A medium that obeys: starts medium-server.js, and ends it with its mount.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import { mountAt } from '../support/read-ahead.js';
import { mustRun } from '../support/run-command.js';

/** `short` lies: what it gives in place of the rest is nothing. */
export type MediumBehaviour = 'ok' | 'hang' | 'fail' | 'short';

export class Medium implements AsyncDisposable {
  readonly image: string;
  readonly #directory: string;
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #exited: Promise<unknown>;

  private constructor(image: string, directory: string) {
    const program = join(import.meta.dirname, 'medium-server.js');
    this.#child = spawn(process.execPath, [program, image, directory], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#exited = once(this.#child, 'exit');
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#directory = directory;
    this.image = join(directory, 'disc.iso');
  }

  /** Shows a copy of `image` in the empty directory. Rejects when it cannot be mounted. */
  static async start(image: string, directory: string): Promise<Medium> {
    const medium = new Medium(image, directory);
    const isReady = await Promise.race([
      once(medium.#lines, 'line').then(() => true),
      medium.#exited.then(() => false),
    ]);
    if (isReady) return medium;
    await medium[Symbol.asyncDispose]();
    throw new Error('The file system of the medium ended before it was mounted');
  }

  /** From when this settles it behaves so. */
  async become(behaviour: MediumBehaviour): Promise<void> {
    const heard = once(this.#lines, 'line');
    this.#child.stdin!.write(`${behaviour}\n`);
    await Promise.race([heard, this.#exited]);
  }

  /** As somebody pulls it out: who waits gets an error, and so does everybody after. */
  async vanish(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vanish();
    if (mountAt(this.#directory) !== undefined) await mustRun('umount', ['--lazy', this.#directory]);
    await rmdir(this.#directory).catch(() => undefined);
  }
}
