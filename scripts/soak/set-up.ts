// Makes a soak's ground and takes it away again: folders, small disks, mounts and readers; what is left is named.
import { mkdir, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { readMountTable } from '../../src/mount/mount-table.js';
import { mountAt } from '../support/read-ahead.js';
import { mustRun } from '../support/run-command.js';
import { findOwnProcesses } from './own-processes.js';
import type { SoakImage } from './soak-images.js';
import type { Soak } from './soak.js';

/** They are to be filled: the smaller, the sooner. The log is set aside at 1 MiB, when a daemon starts. */
const JOURNAL_DISK = '1m';
const LOG_DISK = '8m';
/** Milliseconds for processes to end by themselves. */
const END_PATIENCE = 20_000;
const LOG_TAIL = 20;

/** Folders, and for root small disks of memory for socket and journal, and for the log. */
export async function makeGround(soak: Soak): Promise<void> {
  for (const path of [soak.runtimeFolder, soak.logFolder, soak.metadataFolder, soak.temporary]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  }
  if (soak.isRoot()) {
    await mountDisk(soak, soak.runtimeFolder, JOURNAL_DISK);
    await mountDisk(soak, soak.logFolder, LOG_DISK);
  }
  // The kernel mounts no EROFS of files on a tmpfs.
  await symlink(soak.metadataFolder, join(soak.logFolder, 'erofs'));
  await soak.daemon.start();
  await soak.findDrivers();
}

async function mountDisk(soak: Soak, folder: string, size: string): Promise<void> {
  const options = `size=${size},mode=0700`;
  await mustRun('mount', ['-t', 'tmpfs', '-o', options, 'isodrive-soak', folder]).catch((thrown: unknown) => {
    soak.say(`no small disk: ${(thrown as Error).message}`);
  });
}

/** Mounts each image by each driver whose mounts outlive a daemon, with a reader each. */
export async function startReaders(soak: Soak): Promise<void> {
  const { plain, mapped, compressed, udf } = soak.images;
  for (const driver of ['fuse', 'erofs'] as const) {
    if (!soak.drivers.includes(driver)) continue;
    for (const image of [plain, mapped, compressed, ...(udf === undefined ? [] : [udf])]) {
      // With the map, or with files to decode, JavaScript reads; the kernel does not.
      if (driver === 'erofs' && (image === mapped || image === compressed)) continue;
      await mountForGood(soak, image, driver);
    }
  }
  if (soak.mounts.length === 0)
    throw new Error('Found no driver whose mounts outlive a daemon, expected fuse');
  await soak.waitForProgress();
}

async function mountForGood(soak: Soak, image: SoakImage, driver: 'fuse' | 'erofs'): Promise<void> {
  const map = image.map === undefined ? {} : { map: image.map };
  const summary = await soak.mount(image.path, { driver, ...map });
  const reader = soak.read(`${image.name} by ${driver}`, summary.mountPoint, image);
  soak.mounts.push({ summary, image, reader });
}

/** Ends everything; gives what was left behind, in words. */
export async function takeDown(soak: Soak): Promise<string[]> {
  const left: string[] = [];
  for (const { reader } of soak.mounts) await soak.retire(reader);
  const unmounted = await soak.daemon.run(['unmount', '--all']);
  if (unmounted.status !== 0)
    left.push(`unmount --all ended with ${unmounted.status}: ${unmounted.stderr.trim()}`);
  const stopped = await soak.daemon.run(['daemon', 'stop', '--force']);
  if (stopped.status !== 0) left.push(`daemon stop ended with ${stopped.status}: ${stopped.stderr.trim()}`);
  await soak
    .waitUntil(() => findOwnProcesses(soak.folder).length === 0, 'all processes end', END_PATIENCE)
    .catch(() => undefined);
  for (const { pid, command } of findOwnProcesses(soak.folder)) {
    left.push(`process ${pid}: ${command}`);
    process.kill(pid, 'SIGKILL');
  }
  const disks = [soak.runtimeFolder, soak.logFolder];
  for (const directory of mountsBelow(soak.folder)) {
    if (disks.includes(directory)) continue;
    left.push(`mount ${directory}`);
    await mustRun('umount', ['--lazy', directory]);
  }
  // Folders for sockets and metadata stay, as the daemon's own does; what is temporary does not.
  for (const folder of [soak.runtimeFolder, soak.metadataFolder, soak.temporary]) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory() && folder !== soak.temporary) continue;
      left.push(`file ${join(entry.parentPath, entry.name)}`);
    }
  }
  for (const directory of disks) {
    if (mountAt(directory) !== undefined) await mustRun('umount', [directory]);
  }
  return left;
}

/** Removes the folder, unless something is still mounted there. */
export async function removeGround(folder: string): Promise<void> {
  if (mountsBelow(folder).length === 0) await rm(folder, { recursive: true, force: true });
}

function mountsBelow(folder: string): string[] {
  return readMountTable()
    .map(({ directory }) => directory)
    .filter((directory) => directory.startsWith(`${folder}/`));
}

/** The last lines of the daemon's log: what it said before something did not hold. */
export async function readLogTail(soak: Soak): Promise<string> {
  const text = await readFile(join(soak.logFolder, 'isodrived.log'), 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-LOG_TAIL).join('\n');
}
