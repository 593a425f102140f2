// An image behind filters of nbdkit, as a file: nbdfuse serves it. Faults come from a program that is none of ours.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mountAt } from '../../../scripts/support/read-ahead.js';
import { mustRun } from '../../../scripts/support/run-command.js';
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
  // A socket of ours: nbdfuse would make one in /tmp, and leave it there when it is killed.
  const socket = `${directory}.sock`;
  const serve = [
    '--foreground',
    '--exit-with-parent',
    '--unix',
    socket,
    ...filters,
    'file',
    image,
    ...options,
  ];
  const children = [spawn('nbdkit', serve, { stdio: 'ignore' })];
  const vanish = async (): Promise<void> => {
    for (const child of children.splice(0).reverse()) {
      const exited = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGKILL')) await exited;
    }
    await rm(socket, { force: true });
  };
  try {
    await waitUntil(() => existsSync(socket));
    children.push(spawn('nbdfuse', ['-r', path, `nbd+unix:///?socket=${socket}`], { stdio: 'ignore' }));
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
