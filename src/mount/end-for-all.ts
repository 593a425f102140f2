// Ends a FUSE mount that was just unmounted for those too who hold a copy of it in another mount namespace: whoever
// unmounts it has done so for all, as a copy that a stranger holds would cost its owner for ever (docs/decisions/0003).
import { setTimeout as sleep } from 'node:timers/promises';
import { abortConnection } from './abort-connection.js';
import { findMountHolders } from './mount-holders.js';
import type { MountHolder } from './mount-holders.js';

/** Milliseconds in which a mount ends that nobody uses; no medium is read for that. */
const END_PATIENCE = 1000;
/** Milliseconds between two calls to a thread that is about to wait, and misses one. */
const DISCONNECT_PAUSE = 20;

/**
 * `ended` settles when the mount has ended everywhere. `disconnect`: lets go of the mount's device; may be called
 * again. Gives who had a copy; never rejects, and never waits for them.
 */
export async function endForAll(
  device: string | undefined,
  ended: Promise<unknown>,
  disconnect: () => void = () => undefined,
): Promise<readonly MountHolder[]> {
  if (await settlesWithin(ended, END_PATIENCE)) return [];
  const holders = device === undefined ? [] : await findMountHolders(device);
  const isAborted = device !== undefined && (await abortConnection(device));
  if (isAborted && (await settlesWithin(ended, END_PATIENCE))) return holders;
  // Where the kernel cannot be told: it aborts the connection by itself when nobody has its device any more.
  const end = performance.now() + END_PATIENCE;
  do disconnect();
  while (!(await settlesWithin(ended, DISCONNECT_PAUSE)) && performance.now() < end);
  return holders;
}

async function settlesWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const late = sleep(milliseconds, false, { ref: false });
  return Promise.race([promise.then(() => true), late]);
}
