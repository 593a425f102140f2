// What the trial of a kernel needs: metadata, an image and a mount point, in one folder among the metadata of mounts,
// where the next process finds what one that was killed has left.
import { mkdir, mkdtemp, open, readdir, realpath, rm, rmdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Addon } from '../../../native/index.js';
import { makeFolders } from '../../base/make-folders.js';
import { unmountByKernel } from '../mount-call.js';
import { readMountTable } from '../mount-table.js';

const PREFIX = 'trial-';
const METADATA = 'metadata';
const IMAGE = 'image';
const MOUNT_POINT = 'disc';

export interface TrialFolder {
  readonly path: string;
  readonly directory: string;
  readonly imagePath: string;
  readonly metadataPath: string;
  readonly metadata: FileHandle;
}

/** Rejects when nothing can be written there; nothing is left then. */
export async function makeTrialFolder(parent: string): Promise<TrialFolder> {
  await makeFolders(parent, 0o700);
  const path = await mkdtemp(join(parent, PREFIX));
  try {
    const directory = join(path, MOUNT_POINT);
    await mkdir(directory);
    const metadataPath = join(path, METADATA);
    const metadata = await open(metadataPath, 'wx+', 0o600);
    return { path, directory, imagePath: join(path, IMAGE), metadataPath, metadata };
  } catch (thrown) {
    await removeFiles(path);
    throw thrown;
  }
}

/** With what is mounted there. */
export async function removeTrialFolder(addon: Addon, path: string): Promise<void> {
  // As the mount table has it: the folder for state may be a symbolic link.
  const directory = join(await realpath(path), MOUNT_POINT);
  while (readMountTable().some((entry) => entry.directory === directory))
    await unmountByKernel(addon, directory, true);
  await removeFiles(path);
}

/** Those that processes have left which were killed while they tried, while nobody tries. */
export async function findTrialFolders(parent: string): Promise<string[]> {
  const names = await readdir(parent).catch(() => []);
  return names.filter((name) => name.startsWith(PREFIX)).map((name) => join(parent, name));
}

/** By their names: what somebody else has put there stays. */
async function removeFiles(path: string): Promise<void> {
  for (const name of [METADATA, IMAGE]) await rm(join(path, name), { force: true });
  await rmdir(join(path, MOUNT_POINT)).catch(() => undefined);
  await rmdir(path);
}
