// Once for a whole run: /dev/fuse is made usable by everybody, as udev does it on a desktop, for the tests that act as
// an ordinary user. Files run side by side, so no single one of them may do and undo it.
import { chmod, stat } from 'node:fs/promises';

const FUSE_DEVICE = '/dev/fuse';
const FOR_EVERYBODY = 0o666;

/** Gives what takes it back. Only root can, and only root's tests need it. */
export async function setup(): Promise<() => Promise<void>> {
  const nothing = (): Promise<void> => Promise.resolve();
  if (process.getuid?.() !== 0) return nothing;
  const mode = await stat(FUSE_DEVICE).then(
    (found) => found.mode & 0o7777,
    () => FOR_EVERYBODY,
  );
  if (mode === FOR_EVERYBODY) return nothing;
  await chmod(FUSE_DEVICE, FOR_EVERYBODY);
  return () => chmod(FUSE_DEVICE, mode);
}
