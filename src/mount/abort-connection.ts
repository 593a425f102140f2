// Has the kernel fail all that a FUSE mount is asked, now and later (ENOTCONN), through fusectl, the file system that
// it has for this. systemd mounts that; containers often lack it.
import { writeFile } from 'node:fs/promises';

const CONTROL = '/sys/fs/fuse/connections';

/** `device`: the mount's, as "0:57". False where fusectl is not mounted, or the connection is gone. */
export async function abortConnection(device: string): Promise<boolean> {
  // Device numbers of file systems without a device have the major number 0 (include/linux/kdev_t.h).
  const number = device.split(':')[1];
  return writeFile(`${CONTROL}/${number}/abort`, '1').then(
    () => true,
    () => false,
  );
}
