// Ends a FUSE mount that was just unmounted for those too who hold a copy of it in another mount namespace: whoever unmounts it
// has done so for all, as a copy that a stranger holds would cost its owner for ever (docs/decisions/0003).
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { findMountHolders } from './mount-holders.js';
import type { MountHolder } from './mount-holders.js';

/** Milliseconds in which a mount ends that nobody uses; no medium is read for that. */
const END_PATIENCE = 1000;

/** `ended` settles when the mount has ended everywhere. Gives who had a copy; never rejects, and never waits for them. */
export async function endForAll(
  device: string | undefined,
  ended: Promise<unknown>,
): Promise<readonly MountHolder[]> {
  if (await settlesWithin(ended, END_PATIENCE)) return [];
  if (device === undefined) return [];
  const holders = await findMountHolders(device);
  await abortConnection(device);
  await settlesWithin(ended, END_PATIENCE);
  return holders;
}

async function settlesWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const late = sleep(milliseconds, false, { ref: false });
  return Promise.race([promise.then(() => true), late]);
}

/** All that is asked of the file system from now on fails (ENOTCONN); nothing happens where fusectl is not mounted. */
async function abortConnection(device: string): Promise<void> {
  // Device numbers of file systems without a device have the major number 0 (include/linux/kdev_t.h).
  const number = device.split(':')[1];
  await writeFile(`/sys/fs/fuse/connections/${number}/abort`, '1').catch(() => undefined);
}
