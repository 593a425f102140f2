// The disks that journal and log are on run full: the daemon goes on, refuses what it could not keep, and recovers.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mountAt } from '../../support/read-ahead.js';
import { mustRun } from '../../support/run-command.js';
import { choose } from '../plan.js';
import type { SoakEvent } from '../soak-event.js';
import type { Soak } from '../soak.js';

const FILL = 'fill';
const NOT_FOUND_EXIT = 3;
const BUSY_EXIT = 7;

function missing(soak: Soak): string | undefined {
  if (mountAt(soak.runtimeFolder)?.type === 'tmpfs') return undefined;
  return 'a small disk for journal and log (root makes one)';
}

/** Fills the file systems of these folders until nothing fits. */
async function fill(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await mustRun('sh', ['-c', 'cat /dev/zero 2> /dev/null > "$1" || true', 'sh', join(folder, FILL)]);
  }
}

const fullDisks: SoakEvent = {
  name: 'full-disks',
  summary: 'the disks of journal and log run full: no new mount, all others go on, also over a kill',
  missing,
  async run(soak, random) {
    const which = choose(random, ['journal', 'log', 'both'] as const);
    const kills = random.between(0, 1) === 1;
    const folders = {
      journal: [soak.runtimeFolder],
      log: [soak.logFolder],
      both: [soak.runtimeFolder, soak.logFolder],
    }[which];
    await fill(folders);
    try {
      // Each is a line of the log.
      for (let i = 0; i < 8; i += 1) {
        const { status } = await soak.daemon.run(['mount', join(soak.folder, 'missing.iso')]);
        if (status !== NOT_FOUND_EXIT)
          throw new Error(`A missing image ended with ${status ?? 'a signal'}, expected 3`);
      }
      if (kills) await soak.kill(await soak.daemonPid());
      await soak.waitForProgress();
      const directory = await soak.makeDirectory();
      const args = ['mount', '--new', '--driver', 'fuse', soak.images.small.path, directory];
      const { status, stderr } = await soak.daemon.run(args);
      // The journal may have kept a little room of its own.
      if (status === 0) await soak.daemon.must('unmount', directory);
      else if (status !== BUSY_EXIT || which === 'log') {
        throw new Error(`A mount with a full disk (${which}) ended with ${status ?? 'a signal'}: ${stderr}`);
      }
    } finally {
      for (const folder of folders) await rm(join(folder, FILL), { force: true });
    }
    const mount = await soak.mount(soak.images.small.path, { driver: 'fuse' });
    await soak.readSome('a mount after a full disk', mount.mountPoint, soak.images.small);
    const journal = await readFile(join(soak.runtimeFolder, 'control.sock.mounts'), 'utf8');
    if (!journal.includes(mount.id)) throw new Error(`The journal does not have mount ${mount.id}`);
    await soak.unmount(mount.id);
    return `${which}${kills ? ', the daemon killed meanwhile' : ''}`;
  },
};

export const DISK_EVENTS = [fullDisks] as const;
