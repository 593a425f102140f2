// Unmounts one mount, and says who is in its way.
import { toIsodriveError } from '../../src/base/error.js';
import type { MountEnd } from '../../src/mount/mount-driver.js';
import type { DaemonLog } from '../log.js';
import type { MountPersistence } from '../takeover/mount-persistence.js';
import { nameUsers } from './mount-usage.js';
import type { MountedImage } from './mounted-image.js';

export interface Surroundings {
  readonly persistence: MountPersistence;
  readonly log: DaemonLog;
  /** Forgets a mount that is detached, and removes its mount point. */
  readonly drop: (mount: MountedImage, end: MountEnd) => Promise<void>;
}

/** Rejects with `busy`, which names the programs that use it, unless `lazy`. */
export async function unmountOne(
  mount: MountedImage,
  lazy: boolean,
  { persistence, log, drop }: Surroundings,
): Promise<void> {
  mount.isUnmounting = true;
  try {
    await mount.active.unmount({ lazy });
    const { heldBy } = mount.active;
    if (heldBy !== undefined && heldBy.length > 0)
      log.warn({ ...mount.name(), heldBy }, 'other mount namespaces held a copy');
    if (lazy) persistence.detach(mount.id);
  } catch (thrown) {
    mount.isUnmounting = false;
    throw await nameUsers(mount, thrown);
  }
  await drop(mount, { reason: 'unmounted' });
}

/** Lazily where it is in use. Never rejects. */
export async function unmountSurely(mount: MountedImage, by: Surroundings): Promise<void> {
  try {
    await unmountOne(mount, false, by).catch((thrown: unknown) => {
      const { code, message } = toIsodriveError(thrown);
      if (code !== 'busy') throw thrown;
      by.log.warn({ ...mount.name(), message }, 'taken away from programs that use it');
      return unmountOne(mount, true, by);
    });
  } catch (thrown) {
    by.log.error({ err: thrown, ...mount.name() }, 'cannot unmount');
  }
}
