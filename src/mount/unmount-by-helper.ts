// Unmounts by a program in a process of its own: one that runs as root, which lets users unmount, and the call blocks
// while the kernel asks the file system, which can be our own event loop.
import { IsodriveError, isSystemError } from '../base/error.js';
import { nameSystemError } from '../base/system-error.js';
import { MountInUse } from './mount-call.js';
import { findMount, readMountTable } from './mount-table.js';
import { findProgram } from './probe-platform.js';
import { runHelper } from './run-helper.js';

/** Milliseconds after which an unmount program is given up. */
const UNMOUNT_TIMEOUT = 20_000;
const MOUNT_TABLE = '/etc/mtab';

interface Unmounter {
  /** The first that is there. */
  readonly names: readonly string[];
  readonly flags: (lazy: boolean) => readonly string[];
}

/** In this order; umount(8) knows mounts of FUSE as their user's, and needs no /etc/mtab. */
const UNMOUNTERS: readonly Unmounter[] = [
  { names: ['fusermount3', 'fusermount'], flags: (lazy) => ['-u', ...(lazy ? ['-z'] : [])] },
  { names: ['umount'], flags: (lazy) => ['--no-canonicalize', ...(lazy ? ['--lazy'] : [])] },
];

/** Whether there is a program that unmounts. */
export async function hasUnmounter(): Promise<boolean> {
  return (await findProgram(UNMOUNTERS.flatMap(({ names }) => names))) !== undefined;
}

/**
 * Resolves when nothing is mounted there any more. Rejects with `busy` while it is in use, unless `lazy`, `policy`
 * when no program can do it, or `timeout`.
 */
export async function unmountByHelper(directory: string, lazy: boolean): Promise<void> {
  const reasons: string[] = [];
  for (const { names, flags } of UNMOUNTERS) {
    const program = await findProgram(names);
    if (program === undefined) continue;
    const { status, message } = await run(program.path, [...flags(lazy), '--', directory]);
    if (status === 0 || findMount(readMountTable(), directory) === undefined) return;
    if (status === undefined) throw new IsodriveError('timeout', `Cannot unmount "${directory}" in time`);
    if (/busy/iu.test(message)) throw new MountInUse(directory);
    reasons.push(message || `${program.path} gave ${status}`);
  }
  throw refuse(directory, reasons);
}

function refuse(directory: string, reasons: readonly string[]): IsodriveError {
  const found = reasons[0] ?? 'found neither fusermount3 nor umount on the PATH';
  const isTableMissing = reasons.some((reason) => reason.includes(MOUNT_TABLE));
  const action = isTableMissing
    ? 'Make the file that the program reads: sudo ln -s ../proc/self/mounts /etc/mtab'
    : 'sudo apt install fuse3, or run isodrive doctor';
  return new IsodriveError('policy', `Cannot unmount "${directory}": ${found}`, {
    action,
    details: reasons.slice(1),
  });
}

async function run(program: string, parameters: readonly string[]): ReturnType<typeof runHelper> {
  try {
    return await runHelper(program, parameters, { timeout: UNMOUNT_TIMEOUT });
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
    return { status: 127, message: `${program}: ${nameSystemError(thrown)}` };
  }
}
