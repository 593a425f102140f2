// Unmounts by a program in a process of its own: the call blocks while the kernel asks the file system, which for
// this driver is our own event loop.
import { IsodriveError } from '../../base/error.js';
import { findProgram } from '../probe-platform.js';
import { runHelper } from '../run-helper.js';

/** Milliseconds after which an unmount program is given up. */
const UNMOUNT_TIMEOUT = 20_000;

/** Rejects with `busy` when files are open there, `permission` when the platform refuses, `timeout`. */
export async function runUnmount(directory: string, lazy: boolean): Promise<void> {
  const helper = await findProgram(['fusermount3', 'fusermount', 'umount']);
  if (helper === undefined) {
    throw new IsodriveError('policy', 'Cannot unmount: found neither fusermount3 nor umount on the PATH', {
      action: 'sudo apt install fuse3',
    });
  }
  const isUmount = helper.path.endsWith('/umount');
  const flags = isUmount ? (lazy ? ['-l'] : []) : lazy ? ['-u', '-z'] : ['-u'];
  const parameters = [...flags, '--', directory];
  const { status, message: said } = await runHelper(helper.path, parameters, { timeout: UNMOUNT_TIMEOUT });
  if (status === 0) return;
  const message = `Cannot unmount "${directory}": ${said || 'the program gave no reason'}`;
  if (status === undefined) throw new IsodriveError('timeout', `Cannot unmount "${directory}" in time`);
  throw new IsodriveError(/busy/i.test(said) ? 'busy' : 'permission', message, {
    action: 'Close the programs that use it, or unmount with --lazy',
  });
}
