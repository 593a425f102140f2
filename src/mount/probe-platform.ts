// What this machine and user offer for mounting with FUSE: facts for the drivers and the doctor.
import { constants } from 'node:fs';
import { access, open, readFile, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { readVariable } from '../base/environment.js';
import { isSystemError } from '../base/error.js';
import { containerLine } from './rights.js';
import type { Rights } from './rights.js';

export const FUSE_DEVICE = '/dev/fuse';
/** O_APPEND is how our descriptors are told from libfuse's (Addon.markDescriptor). */
export const FUSE_DEVICE_FLAGS = constants.O_RDWR | constants.O_APPEND;
const SET_UID = 0o4000;

/** The errno name with which a step failed, or undefined when it worked. */
async function faultOf(step: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await step();
    return undefined;
  } catch (thrown) {
    if (isSystemError(thrown)) return thrown.code;
    throw thrown;
  }
}

/** Why /dev/fuse cannot be opened: an errno name, or undefined when it can. */
export function probeFuseDevice(): Promise<string | undefined> {
  return faultOf(async () => {
    await using device = await open(FUSE_DEVICE, FUSE_DEVICE_FLAGS);
    return device.fd;
  });
}

/** Whether the kernel has FUSE, built in or as a module that is loaded (proc_filesystems(5)). */
export async function knowsFuse(): Promise<boolean> {
  return /\tfuse$/mu.test(await readText('/proc/filesystems'));
}

/** What is wrong with /dev/fuse, and what to do. `isKnown`: the kernel has FUSE. */
export function describeDeviceFault(
  fault: string,
  isKnown: boolean,
  rights: Pick<Rights, 'isInContainer' | 'profile'>,
): { readonly detail: string; readonly fix: string } {
  const found = `Opening it fails with ${fault}`;
  const isMissing = fault === 'ENOENT' || fault === 'ENODEV' || fault === 'ENXIO';
  const line = containerLine(rights);
  if (isMissing && !isKnown) {
    const load = `sudo modprobe fuse${rights.isInContainer ? ' outside of the container' : ''}`;
    const after = rights.isInContainer ? `, and ${line}` : ` (in a container: ${line})`;
    return { detail: `${found}: the kernel's FUSE module is not loaded`, fix: `${load}${after}` };
  }
  if (rights.isInContainer) return { detail: `${found}: it is not passed to this container`, fix: line };
  if (!isMissing) return { detail: found, fix: 'sudo chmod 666 /dev/fuse' };
  const make = 'sudo mknod -m 666 /dev/fuse c 10 229';
  return { detail: `${found}, though the kernel has FUSE`, fix: `${make} (in a container: ${line})` };
}

/** Why /dev/fuse is not there: an errno name, or undefined when it is. */
export function findFuseDevice(): Promise<string | undefined> {
  return faultOf(() => access(FUSE_DEVICE));
}

export interface HelperProgram {
  readonly path: string;
  /** Runs as root whoever starts it, which is what lets users mount. */
  readonly isSetuidRoot: boolean;
}

/** First program of one of the names on the PATH. */
export async function findProgram(names: readonly string[]): Promise<HelperProgram | undefined> {
  const folders = (readVariable('PATH') ?? '/usr/bin:/bin')
    .split(delimiter)
    .filter((folder) => folder !== '');
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if ((await faultOf(() => access(path, constants.X_OK))) !== undefined) continue;
      const { mode, uid } = await stat(path);
      return { path, isSetuidRoot: uid === 0 && (mode & SET_UID) !== 0 };
    }
  }
  return undefined;
}

/** Whether /etc/fuse.conf lets users open their mounts to others. */
export async function allowsOtherUsers(): Promise<boolean> {
  return (await readText('/etc/fuse.conf')).split('\n').some((line) => line.trim() === 'user_allow_other');
}

/** Whether AppArmor is on and confines fusermount3, as Ubuntu 25.04 and later do. */
export async function confinesFusermount(): Promise<boolean> {
  const enabled = await readText('/sys/module/apparmor/parameters/enabled');
  return (
    enabled.startsWith('Y') && (await faultOf(() => access('/etc/apparmor.d/fusermount3'))) === undefined
  );
}

/** Empty where the file cannot be read: the fact it would tell is then not known to hold. */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}
