// Raises the kernel's read-ahead on a mount, where we may: 1 MiB at a time instead of 128 KiB is half as fast again.
import { writeFile } from 'node:fs/promises';
import { findMount, readMountTable } from '../mount-table.js';

/** KiB; the largest request that the addon asks the kernel for. */
const READ_AHEAD_KIB = 1024;

/** Gives the device number ("major:minor") of what is mounted at `directory`, whether read-ahead was raised or not. */
export async function raiseReadAhead(directory: string): Promise<string | undefined> {
  const found = findMount(readMountTable(), directory);
  if (found === undefined) return undefined;
  try {
    await writeFile(`/sys/class/bdi/${found.device}/read_ahead_kb`, String(READ_AHEAD_KIB));
  } catch {
    // Only root may, and only where /sys is writable: without it the mount is slower, not wrong.
  }
  return found.device;
}
