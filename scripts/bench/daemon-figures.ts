// What only our daemon can be asked: from the command to the first listing of image B, and its memory with all of B.
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DriverName } from '../../src/options/driver-names.js';
import type { ContestantContext } from './contestants.js';
import type { BenchImages } from './images.js';
import { warmFile } from './kernel-caches.js';
import { mountAt } from '../support/read-ahead.js';
import { PrivateDaemon } from '../support/private-daemon.js';
import type { Probe } from './probe.js';
import type { ResidentMemory } from '../support/process-memory.js';
import { readResidentMemory } from '../support/process-memory.js';
import { mustRun } from '../support/run-command.js';

export interface DaemonContext extends ContestantContext {
  readonly images: BenchImages;
}

/** Milliseconds, one figure a repetition. */
export interface FirstListing {
  readonly mountToList: number[];
  /** An empty program of node's, started the same way: nothing written in node can be faster. */
  readonly emptyNode: number[];
}

/** `isodrive mount B DIR && ls DIR` with the daemon running and the image in the page cache. */
export async function measureFirstListing(
  context: DaemonContext,
  driver: DriverName,
  repetitions: number,
  signal: AbortSignal,
): Promise<FirstListing> {
  const { daemon, images } = context;
  const result: FirstListing = { mountToList: [], emptyNode: [] };
  await warmFile(images.many.path);
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    signal.throwIfAborted();
    await usingDirectory(context, daemon, async (directory) => {
      const script = '"$1" mount "$2" "$3" --driver "$4" > /dev/null && ls "$3" > /dev/null';
      const args = ['-c', script, 'sh', daemon.program, images.many.path, directory, driver];
      result.mountToList.push((await mustRun('/bin/sh', args, { env: daemon.env })).seconds * 1000);
    });
    const empty = await mustRun(process.execPath, ['-e', '0'], { env: daemon.env });
    result.emptyNode.push(empty.seconds * 1000);
  }
  return result;
}

export interface DaemonMemory {
  readonly idle: ResidentMemory;
  /** After every entry of B was listed. */
  readonly loaded: ResidentMemory;
  /** Entries loaded, B's root included. */
  readonly entries: number;
}

/** In a daemon of its own, which has done nothing else. */
export async function measureDaemonMemory(
  context: DaemonContext,
  project: string,
  probe: Probe,
): Promise<DaemonMemory> {
  const daemon = new PrivateDaemon({ project, folder: join(context.folder, 'memory') });
  try {
    await daemon.start();
    const { pid } = await daemon.status();
    const idle = await readResidentMemory(pid);
    let entries = 0;
    let loaded = idle;
    await usingDirectory(context, daemon, async (directory) => {
      await daemon.must('mount', context.images.many.path, directory, '--driver', 'fuse');
      entries = (await probe.walk(directory)).count + 1;
      loaded = await readResidentMemory(pid);
    });
    return { idle, loaded, entries };
  } finally {
    await daemon.stop();
  }
}

/** A fresh directory, unmounted and removed whatever happens. */
async function usingDirectory(
  context: DaemonContext,
  daemon: PrivateDaemon,
  use: (directory: string) => Promise<void>,
): Promise<void> {
  await mkdir(context.folder, { recursive: true });
  const directory = await mkdtemp(join(context.folder, 'many-'));
  try {
    await use(directory);
  } finally {
    if (mountAt(directory) !== undefined) await daemon.must('unmount', directory);
    await rmdir(directory);
  }
}
