// Which processes use a mount: told by /proc, never by touching what is mounted, which may hang when its server does.
// A process of another user keeps its secrets unless root asks.
import { closeSync, openSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { isSystemError } from '../base/error.js';
import { mountIdOf, readMountTable } from './mount-table.js';
import { O_PATH } from './open-directory.js';

/** Milliseconds that looking may take: what is found until then is told. */
const PATIENCE = 1000;
/** Processes that a message names. */
const MAX_NAMED = 8;
/** Symbolic links of /proc/PID to a place that the process holds. */
const PLACES = ['cwd', 'root', 'exe'] as const;

export interface MountUser {
  readonly pid: number;
  /** Its name, as ps shows it. */
  readonly name: string;
}

/**
 * Processes that hold files or folders of a mounted file system, by its "major:minor"; this process is none. `uid`: only
 * those of that user.
 */
export async function findMountUsers(device: string | undefined, uid?: number): Promise<MountUser[]> {
  if (device === undefined || process.platform !== 'linux') return [];
  const mounts = new Set(
    readMountTable()
      .filter((entry) => entry.device === device)
      .map(({ id }) => id),
  );
  const users: MountUser[] = [];
  const end = performance.now() + PATIENCE;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/u.test(name) || Number(name) === process.pid) continue;
    if (performance.now() > end) break;
    if (ignoreGone(() => isUser(name, mounts, device, uid)) === true) {
      users.push({ pid: Number(name), name: nameOf(name) });
    }
    // The requests of mounts come first.
    await setImmediate();
  }
  return users;
}

/** Such as "bash (1234), less (1240)"; empty for none. */
export function formatMountUsers(users: readonly MountUser[]): string {
  const named = users.slice(0, MAX_NAMED).map(({ name, pid }) => `${name} (${pid})`);
  if (users.length > MAX_NAMED) named.push(`${users.length - MAX_NAMED} more`);
  return named.join(', ');
}

function isUser(pid: string, mounts: ReadonlySet<number>, device: string, uid: number | undefined): boolean {
  const folder = `/proc/${pid}`;
  if (uid !== undefined && statSync(folder).uid !== uid) return false;
  return (
    PLACES.some((place) => ignoreGone(() => mounts.has(mountOfPlace(`${folder}/${place}`) ?? -1)) === true) ||
    readdirSync(`${folder}/fdinfo`).some(
      (number) => ignoreGone(() => mounts.has(mountIdIn(`${folder}/fdinfo/${number}`) ?? -1)) === true,
    ) ||
    mapsDevice(readFileSync(`${folder}/maps`, 'latin1'), device)
  );
}

/** O_PATH asks the file system nothing. */
function mountOfPlace(path: string): number | undefined {
  const descriptor = openSync(path, O_PATH);
  try {
    return mountIdOf(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function mountIdIn(path: string): number | undefined {
  const found = /^mnt_id:\s*(\d+)$/mu.exec(readFileSync(path, 'latin1'));
  return found === null ? undefined : Number(found[1]);
}

/** 7f...-7f... r-xp 00000000 00:35 1234 /path: the device in hexadecimal (proc_pid_maps(5)). */
function mapsDevice(maps: string, device: string): boolean {
  const [major = 0, minor = 0] = device.split(':').map(Number);
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  return maps.includes(` ${hex(major)}:${hex(minor)} `);
}

function nameOf(pid: string): string {
  return ignoreGone(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()) ?? 'a process';
}

/** Undefined where the process has ended meanwhile, or is not ours to look at. */
function ignoreGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (thrown) {
    if (isSystemError(thrown)) return undefined;
    throw thrown;
  }
}
