// An image behind filters of nbdkit, as a file: nbdfuse serves it. Faults come from a program that is none of ours.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mountAt } from '../../scripts/bench/read-ahead.js';
import { mustRun } from '../../scripts/bench/run-command.js';
import { waitUntil } from './private-isodrive.js';

export interface NbdFile extends AsyncDisposable {
  readonly image: string;
  /** Ends what serves the file, as if its cable were pulled. */
  vanish(): Promise<void>;
}

/** `options`: those of nbdkit before and behind `file IMAGE`. */
export async function serveByNbd(
  image: string,
  directory: string,
  filters: readonly string[],
  options: readonly string[],
): Promise<NbdFile> {
  await mkdir(directory);
  const path = join(directory, 'disc.iso');
  const server = ['nbdkit', '--exit-with-parent', ...filters, 'file', image, ...options];
  const child = spawn('nbdfuse', ['-r', path, '[', ...server, ']'], {
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  const vanish = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  try {
    await waitUntil(() => existsSync(path));
  } catch (error) {
    await vanish();
    throw error;
  }
  return {
    image: path,
    vanish,
    [Symbol.asyncDispose]: async () => {
      if (mountAt(directory) !== undefined) await mustRun('umount', ['--lazy', directory]);
      await vanish();
    },
  };
}
