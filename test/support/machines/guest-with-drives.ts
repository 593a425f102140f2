// A guest whose drives are images that this machine serves over iSCSI: unit 0 is the first.
import { join } from 'node:path';
import { ServedDrive } from '../programs/served-drive.js';
import { Guest } from './guest.js';
import type { GuestKernel, GuestResult } from './guest.js';

/** `script`: of the guest, for the port and the name of the target. The drives end with it. */
export async function runGuestWithDrives(
  kernel: GuestKernel,
  folder: string,
  images: readonly string[],
  script: (port: string, target: string) => string,
): Promise<GuestResult> {
  await using drives = await ServedDrive.start([...images, '--iscsi', '--listen', '127.0.0.1:0'], {
    XDG_RUNTIME_DIR: join(folder, 'run'),
  });
  const { port, pathname } = new URL(drives.uris[0]!.replace('iscsi:', 'http:'));
  return await Guest.run(kernel, { folder, network: true, script: script(port, pathname.split('/')[1]!) });
}
