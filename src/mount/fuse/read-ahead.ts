// Raises the kernel's read-ahead on a mount, where we may: fewer, larger requests read faster.
import { writeFile } from 'node:fs/promises';

/**
 * KiB. Sequential read of 1 GiB on two processors, median of five in one run: 128 KiB 2.6 GB/s, 256 2.7, 512 3.0, and
 * 1024, which leaves reader and server fewer turns at the same time, 2.1.
 */
const READ_AHEAD_KIB = 512;

/** Raises it for a mounted file system; `device`: "major:minor". Never rejects. */
export async function raiseReadAhead(device: string): Promise<void> {
  try {
    await writeFile(`/sys/class/bdi/${device}/read_ahead_kb`, String(READ_AHEAD_KIB));
  } catch {
    // Only root may, and only where /sys is writable: without it the mount is slower, not wrong.
  }
}
