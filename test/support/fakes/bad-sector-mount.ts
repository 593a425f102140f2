// An image with an unreadable place, without a device mapper: a small FUSE file system that answers EIO there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { mountAt } from '../../../scripts/support/read-ahead.js';
import { mustRun } from '../../../scripts/support/run-command.js';
import type { OrdinaryUser } from '../machines/ordinary-user.js';

const PROJECT = join(import.meta.dirname, '..', '..', '..');

export interface BadSectorImage extends AsyncDisposable {
  /** The image with the bad place; the kernel reads whole pages, so all of the page fails. */
  readonly image: string;
}

/**
 * Mounts `image` at the new directory `directory`; reads of bytes `from` to `to` (excluded) fail with EIO, stall, or
 * differ. `flush`: see the program. `user`: whose mount it is.
 */
export async function mountBadSector(
  image: string,
  directory: string,
  from: number,
  to: number,
  fault: 'fail' | 'stall' | 'flip' | 'flush' = 'fail',
  user: Partial<OrdinaryUser['options']> = {},
): Promise<BadSectorImage> {
  await mkdir(directory);
  const { project = PROJECT, ...identity } = user;
  if (identity.uid !== undefined) await chown(directory, identity.uid, identity.gid ?? identity.uid);
  const program = join(project, relative(PROJECT, import.meta.dirname), 'bad-sector-mount.mjs');
  const child = spawn(process.execPath, [program, image, directory, `${from}`, `${to}`, fault], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: '/',
    ...identity,
  });
  const exited = once(child, 'exit');
  const end = async (): Promise<void> => {
    // Lazily: what a failed test left open must not keep it.
    if (mountAt(directory) !== undefined) await mustRun('umount', ['--lazy', directory]);
    child.kill('SIGKILL');
    await exited;
  };
  const isReady = await Promise.race([once(child.stdout, 'data').then(() => true), exited.then(() => false)]);
  if (!isReady) {
    await end();
    throw new Error('File system with the bad sector ended before it was mounted');
  }
  return { image: join(directory, 'disc.iso'), [Symbol.asyncDispose]: end };
}
