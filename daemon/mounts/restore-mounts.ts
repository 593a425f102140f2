// Brings back the mounts of a daemon that died: those whose descriptors were kept go on as if nothing had happened;
// the others are dead, are taken out of the way, and are mounted again. No path under a mount is touched.
import { loadAddon } from '../../native/index.js';
import type { IndexBudget } from '../../src/index/index-budget.js';
import { abortConnection } from '../../src/mount/abort-connection.js';
import { detachFrom, detachFuse } from '../../src/mount/fuse/attach.js';
import { restoreMountPoint } from '../../src/mount/mount-point.js';
import { FUSE_TYPE, readMountTable } from '../../src/mount/mount-table.js';
import { sourceNameOf } from '../takeover/mount-record.js';
import type { MountRecord } from '../takeover/mount-record.js';
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
  /** Aborted when the daemon ends. */
  readonly signal: AbortSignal;
  /** Counts a mount of the system service; gives the budget of its index. */
  readonly count: (record: MountRecord) => IndexBudget | undefined;
  readonly discount: (record: MountRecord) => void;
}

/** Never rejects: what cannot be brought back is told in the log, and nothing is left of it. */
export async function restoreMounts(options: RestoreOptions): Promise<void> {
  const { persistence } = options;
  const { entries } = persistence.journal;
  await Promise.all(
    entries.filter(({ attempts }) => attempts === 0).map((record) => tryRestore(record, options)),
  );
  // One of these may have killed the last daemon: one at a time, so that it costs the others one attempt at most.
  const suspects = entries.filter(({ attempts }) => attempts > 0);
  for (const record of suspects.sort((a, b) => a.attempts - b.attempts)) await tryRestore(record, options);
  persistence.dropRest();
}

async function tryRestore(record: MountRecord, options: RestoreOptions): Promise<void> {
  try {
    await restore(record, options);
  } catch (thrown) {
    options.log.error({ err: thrown, id: record.id, image: record.image.path }, 'cannot bring a mount back');
    options.persistence.forget(record.id);
  }
}

async function restore(record: MountRecord, options: RestoreOptions): Promise<void> {
  const { factory, persistence, log, adopt, count, discount } = options;
  const { id, image, made } = record;
  const { directory } = made;
  const { path } = image;
  const held = persistence.take(id);
  const crashes = held === undefined ? record.attempts : countCrashes(held.index);
  if (record.state === 'crashed' || crashes >= MAX_CRASHES) {
    if (held !== undefined) closeHeld(held);
    await quarantine(record, options);
    return;
  }
  if (held !== undefined && record.state !== 'making') {
    try {
      adopt(await factory.takeOver(record, held, count(record)), record.state === 'detached');
      log.info({ id, image: path, directory }, 'taken over');
      return;
    } catch (thrown) {
      discount(record);
      log.error({ err: thrown, id, image: path, directory }, 'cannot take a mount over');
    }
  } else if (held !== undefined) {
    closeHeld(held);
  }
  await makeAgain(record, options);
}

async function makeAgain(record: MountRecord, options: RestoreOptions): Promise<void> {
  const { factory, persistence, log, adopt, signal } = options;
  const { id, image, made } = record;
  const { directory } = made;
  const { path } = image;
  persistence.dropHeld(id);
  if (record.state !== 'detached') await removeDead(record);
  if (image.owner !== undefined) {
    // Its image was open, and nobody may open it for its user.
    if (record.state === 'mounted') log.warn({ id, image: path, directory }, 'a mount is lost');
    persistence.forget(id);
    return;
  }
  const point = await restoreMountPoint(directory, made.created);
  try {
    if (record.state !== 'mounted') {
      await point.release();
      persistence.forget(id);
      return;
    }
    persistence.noteAttempt(record);
    const attempts = record.attempts + 1;
    const mounted = await factory.create(record, { path, point, attempts, signal });
    adopt(mounted, false);
    log.info({ id, image: path, directory }, 'mounted again');
  } catch (thrown) {
    await point.release();
    throw thrown;
  }
}

/** What crashes the daemon again and again costs all mounts a pause each time. */
async function quarantine(record: MountRecord, { persistence, log, adopt }: RestoreOptions): Promise<void> {
  const { id, image, made } = record;
  const { directory } = made;
  const { path } = image;
  if (record.state === 'making' || record.state === 'detached') {
    // Nobody can name it.
    persistence.forget(id);
    if (record.state === 'making') await removeDead(record);
    return;
  }
  persistence.quarantine(record);
  if (record.state === 'mounted') {
    await removeDead(record);
    log.error(
      { id, image: path, directory },
      'a mount has crashed the daemon again and again, and is left out',
    );
  }
  adopt(createQuarantinedMount(record, await restoreMountPoint(directory, made.created)), false);
}

/** Unmounts a dead mount wherever it is seen, bind copies included; the latest first, as it may hide others. */
async function removeDead(record: MountRecord): Promise<void> {
  const { device, directory } = record.made;
  const { owner } = record.image;
  const source = sourceNameOf(record);
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
