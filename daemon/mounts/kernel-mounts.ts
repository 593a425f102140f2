// Mounts that the kernel serves by itself: their images are closed once they are made, a note tells the next daemon
// what they are, and that one finds them in the mount table. Nothing here touches a path under a mount.
import { z } from 'zod';
import { ErofsMount } from '../../src/mount/erofs/erofs-driver.js';
import type { ErofsDriver } from '../../src/mount/erofs/erofs-driver.js';
import { findTrialFolders } from '../../src/mount/erofs/trial-folder.js';
import type { ActiveMount } from '../../src/mount/mount-driver.js';
import { restoreMountPoint } from '../../src/mount/mount-point.js';
import { MOUNT_RECORD, encodeRecord } from '../takeover/journal.js';
import type { MountRecord, RecordedImage } from '../takeover/mount-record.js';
import type { DaemonLog } from '../log.js';
import { MountedImage } from './mounted-image.js';
import type { ShownImage } from './mounted-image.js';
import { PathLook, lookAtAll, siblingOf } from '../reader/image-file.js';
import { MountFindings } from '../reader/mount-findings.js';
import type { RemoteImage } from '../reader/remote-image.js';

/** What a mount shows, beside what the journal says of every mount. */
const NOTE = z.object({
  version: z.literal(1),
  entry: MOUNT_RECORD,
  label: z.string(),
  rowCount: z.number(),
  findings: z.number(),
  /** Numbers of the sessions, and of the one that is shown. */
  sessions: z.array(z.number()),
  session: z.number().optional(),
});

/** Leaves a note on a mount that outlives this daemon. */
export async function noteKernelMount(
  active: ActiveMount,
  record: MountRecord,
  image: RemoteImage,
): Promise<void> {
  if (!(active instanceof ErofsMount)) throw new TypeError(`Driver "${active.driver}" takes no notes`);
  const { findings } = image.findings;
  const note = {
    version: 1,
    entry: encodeRecord({ ...record, state: 'mounted', findings }),
    label: image.facts.label,
    rowCount: image.table.rowCount,
    findings: image.findings.count,
    sessions: [...image.facts.sessions],
    session: image.facts.session,
  };
  await active.leaveNote(note);
}

/** Closes an image that the kernel serves, and gives what is left of it: its whole tree was read, so that is final. */
export async function settleImage(image: RemoteImage): Promise<ShownImage> {
  const { facts, findings, name, table } = image;
  const { rowCount, memory } = table;
  await image[Symbol.asyncDispose]();
  memory.discard?.();
  return shownImage({ path: name, beside: facts.beside }, facts, rowCount, findings);
}

function shownImage(
  { path, beside }: Pick<RecordedImage, 'path' | 'beside'>,
  facts: ShownImage['facts'],
  rowCount: number,
  findings: MountFindings,
): ShownImage {
  const place = new PathLook(path);
  const others = beside.map(({ name }) => ({
    name,
    place: new PathLook(path, place.io, siblingOf(path, name)),
  }));
  return {
    facts,
    table: { rowCount },
    findings,
    prefetch: () => Promise.resolve(true),
    look: () => place.look(),
    lookBeside: () => lookAtAll(others),
    [Symbol.asyncDispose]: () => place.close(),
  };
}

/**
 * Takes up the mounts that an earlier daemon left, and clears away what is left of those that are gone. One without a
 * note was not finished: nobody was told of it, and it is unmounted. Never rejects.
 */
export async function restoreKernelMounts(
  driver: ErofsDriver,
  adopt: (mounted: MountedImage) => void,
  log: DaemonLog,
): Promise<void> {
  const { path: folder } = driver.folder;
  // One that cannot be cleared away yet, as where its process is still dying, is no reason to lose another.
  const attempt = async (step: () => Promise<void>, path: string, failure: string): Promise<void> => {
    try {
      await step();
    } catch (thrown) {
      log.error({ err: thrown, path }, failure);
    }
  };
  for (const trial of await findTrialFolders(folder)) {
    await attempt(() => driver.clearTrial(trial), trial, 'cannot clear a trial mount away');
  }
  await attempt(
    async () => {
      for (const metadataPath of await driver.folder.list()) {
        await attempt(
          () => restore(metadataPath, driver, adopt, log),
          metadataPath,
          'cannot restore a mount',
        );
      }
    },
    folder,
    'cannot restore mounts',
  );
}

async function restore(
  metadataPath: string,
  driver: ErofsDriver,
  adopt: (mounted: MountedImage) => void,
  log: DaemonLog,
): Promise<void> {
  const active = await driver.adopt(metadataPath);
  if (active === undefined) return driver.folder.remove(metadataPath);
  const { success, data: note } = NOTE.safeParse(await driver.folder.readNote(metadataPath));
  if (!success) return active.unmount({ lazy: true });
  const { entry: record, label, sessions, session } = note;
  const { image, made } = record;
  const facts = { label, kind: made.tree, sessions, session };
  const findings = new MountFindings(record.findings, note.findings);
  const mounted = new MountedImage(
    { ...record, wanted: { ...record.wanted, traceFuse: false }, isLoaded: true },
    {
      image: shownImage(image, facts, note.rowCount, findings),
      active,
      point: await restoreMountPoint(active.directory, made.created),
    },
  );
  adopt(mounted);
  log.info({ ...mounted.name() }, 'restored');
}
