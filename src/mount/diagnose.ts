// The doctor: whether images can be mounted here, and the exact command for each thing that is in the way.
import { rm } from 'node:fs/promises';
import { release } from 'node:os';
import { loadAddon } from '../../native/index.js';
import { firstLineOf } from '../base/error.js';
import { ErofsDriver } from './erofs/erofs-driver.js';
import { loadFuseNative } from './fuse-native/load-fuse-native.js';
import {
  allowsOtherUsers,
  confinesFusermount,
  describeDeviceFault,
  findProgram,
  probeFuseDevice,
} from './probe-platform.js';

export interface Diagnosis {
  readonly name: string;
  readonly ok: boolean;
  /** What was found. */
  readonly detail: string;
  /** Command or step that puts it right, or widens what is possible. */
  readonly fix?: string;
  /** Mounting works without it: not a fault, only a limit. */
  readonly optional?: boolean;
}

/**
 * Looks at everything that mounting needs; leaves nothing changed and touches no mount. `scratch` is a path for a folder,
 * not on a tmpfs, in which a file system may be tried for a moment.
 */
export async function diagnose(scratch: string): Promise<Diagnosis[]> {
  const isRoot = process.geteuid?.() === 0;
  return [
    await diagnoseDevice(),
    await diagnoseHelper(isRoot),
    await diagnoseOthers(isRoot),
    diagnoseAddon(),
    diagnoseFuseNative(),
    await diagnoseErofs(scratch),
    await diagnoseAppArmor(isRoot),
  ];
}

async function diagnoseDevice(): Promise<Diagnosis> {
  const name = '/dev/fuse';
  const fault = await probeFuseDevice();
  if (fault === undefined) return { name, ok: true, detail: 'Can be opened' };
  return { name, ok: false, ...describeDeviceFault(fault) };
}

async function diagnoseHelper(isRoot: boolean): Promise<Diagnosis> {
  const name = 'fusermount3';
  const helper = await findProgram(['fusermount3']);
  const optional = isRoot ? { optional: true } : {};
  if (helper === undefined) {
    return {
      name,
      ok: false,
      detail: `Not on the PATH${isRoot ? '; root mounts without it' : ', and only root mounts without it'}`,
      fix: 'sudo apt install fuse3 (or: dnf install fuse3, pacman -S fuse3)',
      ...optional,
    };
  }
  if (!helper.isSetuidRoot) {
    const detail = `${helper.path} is not setuid root, so that users cannot mount`;
    const fix = `sudo chown root:root ${helper.path} && sudo chmod u+s ${helper.path}`;
    return { name, ok: false, detail, fix, ...optional };
  }
  return { name, ok: true, detail: `${helper.path} is setuid root` };
}

async function diagnoseOthers(isRoot: boolean): Promise<Diagnosis> {
  const name = 'user_allow_other';
  if (await allowsOtherUsers()) return { name, ok: true, detail: 'Set in /etc/fuse.conf' };
  return {
    name,
    ok: isRoot,
    optional: true,
    detail: `Not set in /etc/fuse.conf${isRoot ? '; root needs it not' : ': --allow-other is refused'}`,
    fix: 'echo user_allow_other | sudo tee -a /etc/fuse.conf',
  };
}

function diagnoseAddon(): Diagnosis {
  const name = 'addon';
  try {
    loadAddon();
    return { name, ok: true, detail: 'Loads: driver "fuse" can be used' };
  } catch (thrown) {
    const fix = 'npm run build:native (needs a C++20 compiler: sudo apt install g++)';
    return { name, ok: false, detail: `Does not load: ${firstLineOf(thrown)}`, fix };
  }
}

function diagnoseFuseNative(): Diagnosis {
  const name = 'fuse-native';
  try {
    loadFuseNative();
    return { name, ok: true, optional: true, detail: 'Loads: driver "fuse-native" can be used' };
  } catch (thrown) {
    const fix = 'npm install --include=optional fuse-native';
    return { name, ok: false, optional: true, detail: `Does not load: ${firstLineOf(thrown)}`, fix };
  }
}

/** Mounts a disc without files, as the driver itself does to find out. */
async function diagnoseErofs(scratch: string): Promise<Diagnosis> {
  const name = 'EROFS';
  const driver = new ErofsDriver({ folder: scratch });
  try {
    const { available, reason = 'no reason given', fix } = await driver.check();
    if (!available) {
      const detail = `Linux ${release()}, driver "erofs" cannot be used: ${reason}`;
      return { name, ok: false, optional: true, detail, ...(fix === undefined ? {} : { fix }) };
    }
    const { backing } = await driver.probe();
    const how = backing === 'file' ? 'from their own files' : 'through loop devices';
    const detail = `Linux ${release()} mounts images ${how}: driver "erofs" can be used`;
    return { name, ok: true, optional: true, detail };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function diagnoseAppArmor(isRoot: boolean): Promise<Diagnosis> {
  const name = 'AppArmor';
  if (!(await confinesFusermount())) return { name, ok: true, detail: 'Does not confine fusermount3' };
  return {
    name,
    ok: true,
    optional: true,
    detail: isRoot
      ? 'Confines fusermount3, which root does not need'
      : 'Confines fusermount3: users can mount below their home, /mnt, /media and /tmp only',
    fix:
      'For another directory: echo "mount fstype=fuse.* -> /DIR/**," | sudo tee -a /etc/apparmor.d/local/fusermount3' +
      ' && sudo apparmor_parser -r /etc/apparmor.d/fusermount3',
  };
}
