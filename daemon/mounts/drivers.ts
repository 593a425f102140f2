// The drivers of this build, best first.
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { createAllDrivers } from '../../src/mount/all-drivers.js';
import { ErofsDriver } from '../../src/mount/erofs/erofs-driver.js';
import { createFuseDriver } from '../../src/mount/fuse/fuse-driver.js';
import type { MountDriver } from '../../src/mount/mount-driver.js';
import { daemonLogPath } from '../../src/endpoint/socket-path.js';

const NAME_LENGTH = 16;

/** Of the system service: the kernel's own mounts are open to everybody, and a helper's are its caller's. */
export function createUserDrivers(): MountDriver[] {
  return [createFuseDriver()];
}

export function createDrivers(erofs: ErofsDriver): MountDriver[] {
  return [erofs, ...createAllDrivers()];
}

/**
 * The driver with the metadata folder of the daemon at a socket: among its state, not beside the socket, because the
 * kernel mounts no file of a tmpfs, which runtime directories are.
 */
export function createErofsDriver(socketPath: string): ErofsDriver {
  const name = createHash('sha256').update(socketPath).digest('hex').slice(0, NAME_LENGTH);
  return new ErofsDriver({ folder: join(dirname(daemonLogPath()), 'erofs', name) });
}
