// The drivers of this build, best first.
import { createFuseNativeDriver } from '../src/mount/fuse-native/fuse-native-driver.js';
import { createFuseDriver } from '../src/mount/fuse/fuse-driver.js';
import type { MountDriver } from '../src/mount/mount-driver.js';

export function createDrivers(): MountDriver[] {
  return [createFuseDriver(), createFuseNativeDriver()];
}
