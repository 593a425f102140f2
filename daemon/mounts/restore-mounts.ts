// Brings back the mounts of a daemon that died: those whose descriptors were kept go on as if nothing had happened;
// the others are dead, are taken out of the way, and are mounted again. No path under a mount is touched.
import { loadAddon } from '../../native/index.js';
import type { IndexBudget } from '../../src/index/index-budget.js';
import { abortConnection } from '../../src/mount/abort-connection.js';
import { detachFrom, detachFuse } from '../../src/mount/fuse/attach.js';
import { restoreMountPoint } from '../../src/mount/mount-point.js';
import { FUSE_TYPE, readMountTable } from '../../src/mount/mount-table.js';
import { sourceNameOf } from '../takeover/journal.js';
import type { JournalEntry } from '../takeover/journal.js';
import type { DaemonLog } from '../log.js';
import type { MountFactory } from './mount-factory.js';
import { closeHeld } from '../takeover/mount-persistence.js';
import type { MountPersistence } from '../takeover/mount-persistence.js';
import { MAX_CRASHES, countCrashes, createQuarantinedMount } from './quarantined-mount.js';
import type { MountedImage } from './mounted-image.js';

export interface RestoreOptions {
  readonly factory: MountFactory;
  readonly persistence: MountPersistence;
  readonly log: DaemonLog;
  /** Takes a mount that is back. `isDetached`: it serves its last users only. */
  readonly adopt: (mounted: MountedImage, isDetached: boolean) => void;
  /** Throws when the daemon ends meanwhile. */
  readonly check: () => void;
  /** Counts a mount of the system service; gives the budget of its index. */
  readonly count: (entry: JournalEntry) => IndexBudget | undefined;
  readonly discount: (entry: JournalEntry) => void;
}

/** Never rejects: what cannot be brought back is told in the log, and nothing is left of it. */
export async function restoreMounts(options: RestoreOptions): Promise<void> {
  const { persistence } = options;
  const { entries } = persistence.journal;
  await Promise.all(
    entries.filter(({ attempts }) => attempts === 0).map((entry) => tryRestore(entry, options)),
  );
  // One of these may have killed the last daemon: one at a time, so that it costs the others one attempt at most.
  const suspects = entries.filter(({ attempts }) => attempts > 0);
  for (const entry of suspects.sort((a, b) => a.attempts - b.attempts)) await tryRestore(entry, options);
  persistence.dropRest();
}

async function tryRestore(entry: JournalEntry, options: RestoreOptions): Promise<void> {
  try {
    await restore(entry, options);
  } catch (thrown) {
    options.log.error({ err: thrown, id: entry.id, image: entry.image }, 'cannot bring a mount back');
    options.persistence.forget(entry.id);
  }
}

async function restore(entry: JournalEntry, options: RestoreOptions): Promise<void> {
  const { factory, persistence, log, adopt, count, discount } = options;
  const { id, image, directory } = entry;
  const held = persistence.take(id);
  const crashes = held === undefined ? entry.attempts : countCrashes(held.index);
  if (entry.state === 'crashed' || crashes >= MAX_CRASHES) {
    if (held !== undefined) closeHeld(held);
    await quarantine(entry, options);
    return;
  }
  if (held !== undefined && entry.state !== 'making') {
    try {
      adopt(await factory.takeOver(entry, held, count(entry)), entry.state === 'detached');
      log.info({ id, image, directory }, 'taken over');
      return;
    } catch (thrown) {
      discount(entry);
      log.error({ err: thrown, id, image, directory }, 'cannot take a mount over');
    }
  } else if (held !== undefined) {
    closeHeld(held);
  }
  await makeAgain(entry, options);
}

async function makeAgain(entry: JournalEntry, options: RestoreOptions): Promise<void> {
  const { factory, persistence, log, adopt, check } = options;
  const { id, image, directory } = entry;
  persistence.dropHeld(id);
  if (entry.state !== 'detached') await removeDead(entry);
  if (entry.owner !== undefined) {
    // Its image was open, and nobody may open it for its user.
    if (entry.state === 'mounted') log.warn({ id, image, directory }, 'a mount is lost');
    persistence.forget(id);
    return;
  }
  const point = await restoreMountPoint(directory, entry.created);
  try {
    if (entry.state !== 'mounted') {
      await point.release();
      persistence.forget(id);
      return;
    }
    persistence.noteAttempt(entry);
    const mounted = await factory.create({
      id,
      path: image,
      tree: entry.wantedTree,
      driver: entry.wantedDriver,
      view: entry.view,
      allowOther: entry.allowOther,
      traceFuse: entry.traceFuse,
      bound: entry.bound,
      attempts: entry.attempts + 1,
      preparePoint: () => Promise.resolve(point),
      check,
    });
    adopt(mounted, false);
    log.info({ id, image, directory }, 'mounted again');
  } catch (thrown) {
    await point.release();
    throw thrown;
  }
}

/** What crashes the daemon again and again costs all mounts a pause each time. */
async function quarantine(entry: JournalEntry, { persistence, log, adopt }: RestoreOptions): Promise<void> {
  const { id, image, directory } = entry;
  if (entry.state === 'making' || entry.state === 'detached') {
    // Nobody can name it.
    persistence.forget(id);
    if (entry.state === 'making') await removeDead(entry);
    return;
  }
  persistence.quarantine(entry);
  if (entry.state === 'mounted') {
    await removeDead(entry);
    log.error({ id, image, directory }, 'a mount has crashed the daemon again and again, and is left out');
  }
  adopt(createQuarantinedMount(entry, await restoreMountPoint(directory, entry.created)), false);
}

/** Unmounts a dead mount wherever it is seen, bind copies included; the latest first, as it may hide others. */
async function removeDead(entry: JournalEntry): Promise<void> {
  const { device, directory, owner } = entry;
  const source = sourceNameOf(entry);
  const dead = readMountTable().filter(
    (found) =>
      found.type.startsWith('fuse') &&
      (device === undefined
        ? found.directory === directory && found.source === source
        : found.device === device && (found.source === source || found.type !== FUSE_TYPE)),
  );
  // A process that was killed and cannot end has its device open still: who asks it would wait for ever.
  const own = dead.find((found) => found.source === source);
  if (own !== undefined) await abortConnection(own.device);
  for (const mount of dead.reverse()) {
    if (owner === undefined) await detachFuse(loadAddon(), mount.directory, true);
    else await detachFrom(loadAddon(), mount);
  }
}
