// The drivers that serve mounts from a process, best first: the only list of them. EROFS, whose mounts the kernel
// serves, is asked before them where it may be used (daemon/mounts/drivers.ts).
import { createFuseNativeDriver } from './fuse-native/fuse-native-driver.js';
import { createFuseDriver } from './fuse/fuse-driver.js';
import type { MountDriver } from './mount-driver.js';

export function createAllDrivers(): MountDriver[] {
  return [createFuseDriver(), createFuseNativeDriver()];
}
