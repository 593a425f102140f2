// Who uses the daemon's mounts, for what would take a mount away from them.
import { IsodriveError } from '../../src/base/error.js';
import { MountInUse } from '../../src/mount/mount-call.js';
import { findMountUsers, formatMountUsers } from '../../src/mount/mount-users.js';
import type { MountedImage } from './mounted-image.js';

/** The error of an unmount, with the names of those who use the mount where that is what it is about. */
export async function nameUsers(mount: MountedImage, thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof MountInUse)) return thrown;
  const { active, owner } = mount;
  const devices = active.device === undefined ? [] : [active.device];
  // In the system service a user learns of their own processes alone.
  const users = await findMountUsers(devices, { uid: owner?.uid });
  return new MountInUse(active.directory, thrown, formatMountUsers([...users.values()].flat()));
}

/** Rejects with `busy` where any of the mounts is in use, as far as this process can see. */
export async function refuseWhileUsed(mounts: readonly MountedImage[]): Promise<void> {
  const devices = mounts.flatMap(({ active }) => (active.device === undefined ? [] : [active.device]));
  const users = await findMountUsers(devices);
  const details = mounts.flatMap(({ active: { device, directory } }) => {
    const found = device === undefined ? undefined : users.get(device);
    return found === undefined ? [] : [`"${directory}" is in use by ${formatMountUsers(found)}`];
  });
  if (details.length === 0) return;
  const found = details.length === 1 ? 'a mount that is in use' : `${details.length} mounts that are in use`;
  throw new IsodriveError('busy', `Cannot end isodrived: found ${found}, expected none`, {
    action: 'Close those programs, or take the mounts away from them with --force',
    details,
  });
}
