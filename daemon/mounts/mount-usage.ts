// Who uses the daemon's mounts, for what would take a mount away from them.
import { IsodriveError } from '../../src/base/error.js';
import { MountInUse } from '../../src/mount/mount-call.js';
import { findMountUsers, formatMountUsers } from '../../src/mount/mount-users.js';
import type { MountUser } from '../../src/mount/mount-users.js';
import type { MountedImage } from './mounted-image.js';

/** The error of an unmount, with the names of those who use the mount where that is what it is about. */
export async function nameUsers(mount: MountedImage, thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof MountInUse)) return thrown;
  const users = await usersOf(mount);
  return new MountInUse(mount.active.directory, thrown, formatMountUsers(users));
}

/** Rejects with `busy` where any of the mounts is in use, as far as this process can see. */
export async function refuseWhileUsed(mounts: readonly MountedImage[]): Promise<void> {
  const details: string[] = [];
  for (const mount of mounts) {
    const users = await usersOf(mount);
    if (users.length > 0) details.push(`"${mount.active.directory}" is in use by ${formatMountUsers(users)}`);
  }
  if (details.length === 0) return;
  const found = details.length === 1 ? 'a mount that is in use' : `${details.length} mounts that are in use`;
  throw new IsodriveError('busy', `Cannot end isodrived: found ${found}, expected none`, {
    action: 'Close those programs, or take the mounts away from them with --force',
    details,
  });
}

/** In the system service a user learns of their own processes alone. */
function usersOf({ active, owner }: MountedImage): Promise<MountUser[]> {
  return findMountUsers(active.device, owner?.uid);
}
