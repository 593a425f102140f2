// Notices that the disc of a mount has left its drive, by looking: the kernel tells removals to programs that listen to
// its device events only where udev has it look as well. And keeps the button of the drive free.
import { closeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { loadAddon } from '../../native/index.js';
import { OpticalDrive } from '../../src/source/optical/optical-drive.js';

/** Milliseconds between two looks. They cost the drive no access to the disc. */
const INTERVAL = 1000;

/**
 * Resolves with true when the disc in the drive at `path`, which the mount has open as `descriptor`, is out or
 * another, or the drive is gone; with false when `ended` settles before, or it is no optical drive. Never rejects.
 */
export async function waitForRemoval(
  path: string,
  descriptor: number,
  ended: Promise<unknown>,
): Promise<boolean> {
  const stop = new AbortController();
  void ended.then(() => stop.abort());
  try {
    // A copy of the mount's own: the kernel unlocks a tray for whoever is the only one to have the drive open.
    const copy = loadAddon().duplicateDescriptor(descriptor);
    try {
      const drive = await OpticalDrive.adopt(path, copy);
      return drive !== undefined && (await watch(drive, stop.signal));
    } finally {
      closeSync(copy);
    }
  } catch {
    // It cannot be opened any more, by us or at all: whoever reads meets that.
    return false;
  }
}

async function watch(drive: OpticalDrive, signal: AbortSignal): Promise<boolean> {
  let stamp: number | undefined;
  while (!signal.aborted) {
    try {
      const state = await drive.state();
      if (state === 'open' || state === 'empty') return true;
      const now = await drive.stamp(stamp ?? 0);
      if (stamp !== undefined && now !== stamp) return true;
      stamp = now;
      // The kernel locks it for every program that reads the disc, and leaves it so when that ends before the mount.
      await drive.unlock();
    } catch {
      return true;
    }
    await setTimeout(INTERVAL, undefined, { signal, ref: false }).catch(() => undefined);
  }
  return false;
}
