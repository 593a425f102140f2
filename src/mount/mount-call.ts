// mount(2) and umount2(2) through the addon, with their errors in our words.
import { closeSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { isAddonError } from '../../native/index.js';
import type { Addon } from '../../native/index.js';
import { IsodriveError } from '../base/error.js';
import type { ErrorCode } from '../base/error.js';
import { holdsRawBytes } from '../base/path-text.js';
import { openDirectory } from './open-directory.js';
import { runHelper } from './run-helper.js';
import { adviseOnRefusal } from './rights.js';

/** What an errno of mount(2) and umount2(2) means to the caller; others are our fault. */
const MOUNT_FAULTS = new Map<string | undefined, ErrorCode>([
  ['EPERM', 'policy'],
  ['EACCES', 'policy'],
  ['EBUSY', 'busy'],
]);

export interface KernelMount {
  /** Shown in mount tables. */
  readonly source: string;
  readonly directory: string;
  /** The directory, open: it is mounted on whatever has its path by now. */
  readonly point?: number | undefined;
  readonly type: string;
  readonly options: readonly string[];
}

/** Mounts read-only, nosuid and nodev. Rejects with `policy`, `busy`, or `internal` with the errno's name. */
export async function mountByKernel(addon: Addon, mount: KernelMount): Promise<void> {
  // The addon is named places as text; another place is opened for it.
  const own = mount.point === undefined && holdsRawBytes(mount.directory);
  const opened = own ? openDirectory(mount.directory) : undefined;
  try {
    const place = mount.point ?? opened ?? mount.directory;
    await addon.mount(mount.source, place, mount.type, mount.options.join(','));
  } catch (thrown) {
    throw translate(thrown, mount.directory);
  } finally {
    if (opened !== undefined) closeSync(opened);
  }
}

/**
 * Rejects with `busy` while it is in use, unless `lazy`. Resolves when nothing is mounted there any more. `point`: the
 * directory under the mount, open: what is mounted on it is unmounted, whatever has its path by now.
 */
export async function unmountByKernel(
  addon: Addon,
  directory: string,
  lazy: boolean,
  point?: number,
): Promise<void> {
  if (point === undefined && holdsRawBytes(directory)) return unmountByProgram(directory, lazy);
  try {
    await addon.unmount(point ?? directory, lazy);
  } catch (thrown) {
    // EINVAL: it is no mount point, somebody else was first.
    if (errnoName(thrown) !== 'EINVAL') throw translate(thrown, directory);
  }
}

/** umount(8) takes the bytes of a path that is not UTF-8; through a descriptor the mount itself would be in use. */
async function unmountByProgram(directory: string, lazy: boolean): Promise<void> {
  const parameters = ['--internal-only', '--no-canonicalize', ...(lazy ? ['--lazy'] : []), '--', directory];
  const { status, message } = await runHelper('umount', parameters);
  if (status === 0 || /not mounted|no mount point/i.test(message)) return;
  if (/busy/i.test(message)) throw new MountInUse(directory);
  throw new IsodriveError('policy', `Cannot unmount "${directory}": ${message || `umount gave ${status}`}`);
}

/** Of a file system that wants a block device (mount(2)); Node has no name for it. */
const ENOTBLK = 15;

/** The errno name of a failed call of the addon, undefined for other errors. */
export function errnoName(thrown: unknown): string | undefined {
  if (!isAddonError(thrown)) return undefined;
  return thrown.errno === ENOTBLK ? 'ENOTBLK' : getSystemErrorName(-thrown.errno);
}

/** A mount cannot be unmounted, because somebody uses it. */
export class MountInUse extends IsodriveError {
  /** `by`: names of those who do, where they are known. */
  constructor(directory: string, cause?: unknown, by = '') {
    const found = by === '' ? 'files there are in use' : `it is in use by ${by}`;
    super('busy', `Cannot unmount "${directory}": ${found}`, {
      action: 'Close the programs that use it, or unmount with --lazy',
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

export function coveredMount(directory: string, source: string): IsodriveError {
  return new IsodriveError(
    'busy',
    `Cannot unmount "${directory}": found "${source}" mounted over it, expected our own mount on top`,
    { action: 'Unmount that first' },
  );
}

function translate(thrown: unknown, directory: string): unknown {
  if (!isAddonError(thrown)) return thrown;
  const name = errnoName(thrown);
  const isMount = thrown.syscall === 'mount';
  if (name === 'EBUSY' && !isMount) return new MountInUse(directory, thrown);
  const verb = isMount ? 'mount at' : 'unmount';
  const code = MOUNT_FAULTS.get(name) ?? 'internal';
  return new IsodriveError(code, `Cannot ${verb} "${directory}": ${name} from ${thrown.syscall}`, {
    cause: thrown,
    ...(code === 'policy' ? { action: adviseOnRefusal() } : {}),
  });
}
