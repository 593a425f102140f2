// The doctor: whether images can be mounted here, and the exact command for each thing that is in the way.
import { closeSync, existsSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { release } from 'node:os';
import { loadAddon } from '../../native/index.js';
import { IsodriveError, firstLineOf, toIsodriveError } from '../base/error.js';
import { createAllDrivers } from './all-drivers.js';
import type { Diagnosis } from './diagnosis.js';
import { ErofsDriver } from './erofs/erofs-driver.js';
import type { MountDriver } from './mount-driver.js';
import { mountIdOf, readMountTable } from './mount-table.js';
import { O_PATH } from './open-directory.js';
import {
  allowsOtherUsers,
  confinesFusermount,
  describeDeviceFault,
  findProgram,
  knowsFuse,
  probeFuseDevice,
} from './probe-platform.js';
import { adviseOnRefusal, findConfinement, findMissingRight, readRights } from './rights.js';
import type { Rights } from './rights.js';
import { tryMount } from './trial-mount.js';

const RUN_DOCTOR = 'Run isodrive doctor';

/**
 * Looks at everything that mounting needs; leaves nothing changed and touches no mount. `scratch` is a path for a
 * folder, not on a tmpfs, in which a file system may be tried for a moment.
 */
export async function diagnose(scratch: string): Promise<Diagnosis[]> {
  const isRoot = process.geteuid?.() === 0;
  const rights = readRights();
  const drivers = createAllDrivers();
  const checks = [
    await diagnoseDevice(rights),
    await diagnoseHelper(isRoot),
    diagnoseRights(rights),
    diagnoseTable(),
    await diagnoseOthers(isRoot),
    diagnoseAddon(),
    ...drivers.flatMap((driver) => driver.diagnose?.() ?? []),
    await diagnoseErofs(scratch),
    await diagnoseAppArmor(isRoot),
  ];
  return [...checks, ...(await diagnoseMounts(drivers, rights, checks))];
}

async function diagnoseDevice(rights: Rights): Promise<Diagnosis> {
  const name = '/dev/fuse';
  const fault = await probeFuseDevice();
  if (fault === undefined) return { name, ok: true, detail: 'Can be opened' };
  return { name, ok: false, ...describeDeviceFault(fault, await knowsFuse(), rights) };
}

function diagnoseRights(rights: Rights): Diagnosis {
  const name = 'rights';
  const missing = findMissingRight(rights);
  if (missing !== undefined) return { name, ok: false, ...missing };
  return { name, ok: true, detail: rights.isRoot ? 'CAP_SYS_ADMIN is there' : 'Setuid programs may mount' };
}

/** fusermount3 reads it when it unmounts. */
function diagnoseTable(): Diagnosis {
  const name = '/etc/mtab';
  if (existsSync(name)) return { name, ok: true, detail: 'Is there' };
  const detail = 'Is missing: fusermount3 cannot unmount';
  return { name, ok: false, optional: true, detail, fix: 'sudo ln -s ../proc/self/mounts /etc/mtab' };
}

/** Mounts a tiny disc with each driver that may work, and says what refuses. */
async function diagnoseMounts(
  drivers: readonly MountDriver[],
  rights: Rights,
  checks: readonly Diagnosis[],
): Promise<Diagnosis[]> {
  const trials: Diagnosis[] = [];
  for (const driver of drivers) {
    const name = `mount by ${driver.name}`;
    const { available, reason = 'no reason given', fix } = await driver.check();
    try {
      if (!available) throw new IsodriveError('policy', reason, fix === undefined ? {} : { action: fix });
      await tryMount(driver);
      trials.push({
        name,
        ok: true,
        optional: true,
        detail: 'Works: a disc was mounted, read and unmounted',
      });
    } catch (thrown) {
      const { message, action } = toIsodriveError(thrown);
      const [first = '', ...more] = message.split('\n').map((line) => line.trim());
      const detail = [first, ...more.filter((line) => line !== '').slice(0, 1)].join('; ');
      const advice = available ? adviseOnRefusal() : action;
      trials.push({
        name,
        ok: false,
        optional: true,
        detail,
        ...(advice === RUN_DOCTOR ? {} : { fix: advice }),
      });
    }
  }
  const erofs = checks.find(({ name }) => name === 'EROFS');
  const works = [...(erofs?.ok === true ? ['erofs'] : []), ...trials.filter(({ ok }) => ok).map(driverOf)];
  if (works.length > 0)
    return [...trials, { name: 'mounting', ok: true, detail: `Works with ${works.join(', ')}` }];
  const confinement = findMissingRight(rights) ?? findConfinement(rights);
  const detail = `No driver works here${confinement === undefined ? '' : `: ${confinement.detail}`}`;
  const fix = confinement?.fix ?? trials[0]?.fix;
  return [...trials, { name: 'mounting', ok: false, detail, ...(fix === undefined ? {} : { fix }) }];
}

function driverOf({ name }: Diagnosis): string {
  return name.slice(name.lastIndexOf(' ') + 1);
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
  if (isOnNosuidMount(helper.path)) {
    const detail = `${helper.path} lies on a mount with nosuid, so that users cannot mount`;
    const fix = 'Remount what holds it with suid, or install fuse3 where setuid programs work';
    return { name, ok: false, detail, fix, ...optional };
  }
  return { name, ok: true, detail: `${helper.path} is setuid root` };
}

function isOnNosuidMount(path: string): boolean {
  const file = openSync(path, O_PATH);
  try {
    const id = mountIdOf(file);
    return readMountTable().some((entry) => entry.id === id && entry.options.includes('nosuid'));
  } finally {
    closeSync(file);
  }
}

async function diagnoseOthers(isRoot: boolean): Promise<Diagnosis> {
  const name = 'user_allow_other';
  if (await allowsOtherUsers()) return { name, ok: true, detail: 'Set in /etc/fuse.conf' };
  if (isRoot) return { name, ok: true, detail: 'Not set in /etc/fuse.conf; root needs it not' };
  return {
    name,
    ok: false,
    optional: true,
    detail: 'Not set in /etc/fuse.conf: --allow-other is refused',
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
