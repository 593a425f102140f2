// Unmounts by a program in a process of its own: the call blocks while the kernel asks the file system, which for
// this driver is our own event loop.
import { spawn } from 'node:child_process';
import { IsodriveError } from '../../base/error.js';
import { findProgram } from '../probe-platform.js';

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
  const { status, stderr } = await run(helper.path, [...flags, '--', directory]);
  if (status === 0) return;
  const message = `Cannot unmount "${directory}": ${stderr.trim() || 'the program gave no reason'}`;
  if (status === undefined) throw new IsodriveError('timeout', `Cannot unmount "${directory}" in time`);
  throw new IsodriveError(/busy/i.test(stderr) ? 'busy' : 'permission', message, {
    action: 'Close the programs that use it, or unmount with --lazy',
  });
}

/** `status` is undefined when the time was up. */
async function run(
  program: string,
  parameters: readonly string[],
): Promise<{ readonly status: number | undefined; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
      timeout: UNMOUNT_TIMEOUT,
      killSignal: 'SIGKILL',
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(0, 4096)));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status: status ?? undefined, stderr }));
  });
}
