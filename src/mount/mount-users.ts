// Which processes use a mount: told by /proc, never by touching what is mounted, which may hang when its server does.
// A process of another user keeps its secrets unless root asks.
import { closeSync, constants, readFileSync, readdirSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { isSystemError } from '../base/error.js';
import type { FileIo } from '../io/file-io.js';
import { mountIdOf, readMountTable } from './mount-table.js';
import { O_PATH } from './open-directory.js';

/** Milliseconds that looking may take: what is found until then is told. */
const PATIENCE = 5000;
/** Milliseconds for the kernel to tell one place of a process. */
const PLACE_PATIENCE = 500;
/** Processes that may keep us waiting at the same time: beyond, nobody's places are asked for until one has told. */
const MAX_HANGING = 3;
/** Calls at the same time that the search needs of its FileIo. */
export const SEARCH_THREADS = MAX_HANGING + 1;
/** Processes that a message names. */
const MAX_NAMED = 8;
/** Symbolic links of /proc/PID to a place that the process holds. */
const PLACES = ['cwd', 'root', 'exe'] as const;
/** Bytes of /proc/PID/maps at a time, and at most. */
const MAPS_PIECE = 65_536;
const MAX_MAPS = 8 * 1024 * 1024;

export interface MountUser {
  readonly pid: number;
  /** Its name, as ps shows it. */
  readonly name: string;
}

interface WantedMount {
  /** "major:minor". */
  readonly device: string;
  readonly ids: ReadonlySet<number>;
}

/**
 * Looks for processes that use mounts. Linux tells the places of a process only when it is not in execve
 * (exec_update_lock, fs/proc/base.c), and there it may stay for ever: it closes files, of servers that do not answer too.
 * So places are asked for through `io`, and not again of a process that has not told yet; open files are told without that
 * lock.
 */
export class MountUserSearch {
  readonly #io: FileIo;
  readonly #hanging = new Set<string>();

  constructor(io: FileIo) {
    this.#io = io;
  }

  /**
   * Processes that hold files or folders of a mounted file system, by its "major:minor"; this process is none. `uid`: only
   * those of that user.
   */
  async find(device: string | undefined, uid?: number): Promise<MountUser[]> {
    if (device === undefined || process.platform !== 'linux') return [];
    const entries = readMountTable().filter((entry) => entry.device === device);
    const wanted = { device, ids: new Set(entries.map(({ id }) => id)) };
    const users: MountUser[] = [];
    const end = performance.now() + PATIENCE;
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/u.test(name) || Number(name) === process.pid) continue;
      if (performance.now() > end) break;
      if (uid !== undefined && ignoreGone(() => statSync(`/proc/${name}`).uid) !== uid) continue;
      const isUser = ignoreGone(() => hasOpen(name, wanted)) === true || (await this.#isIn(name, wanted));
      if (isUser) users.push({ pid: Number(name), name: nameOf(name) });
      // The requests of mounts come first.
      await setImmediate();
    }
    return users;
  }

  async #isIn(pid: string, { device, ids }: WantedMount): Promise<boolean> {
    for (const place of PLACES) {
      const id = await this.#ask(pid, place, O_PATH, (descriptor) => mountIdOf(descriptor));
      if (id !== undefined && ids.has(id)) return true;
    }
    const isMapped = await this.#ask(pid, 'maps', constants.O_RDONLY, async (descriptor) =>
      mapsDevice(await this.#readAll(descriptor), device),
    );
    return isMapped === true;
  }

  /** Undefined where the process does not tell, or not in time. */
  async #ask<T>(
    pid: string,
    place: string,
    flags: number,
    look: (descriptor: number) => T | Promise<T>,
  ): Promise<T | undefined> {
    if (this.#hanging.has(pid) || this.#hanging.size >= MAX_HANGING) return undefined;
    const looking = this.#open(`/proc/${pid}/${place}`, flags, look);
    const patience = new AbortController();
    const late = sleep(PLACE_PATIENCE, undefined, { signal: patience.signal, ref: false }).then(
      () => true,
      () => false,
    );
    const isLate = await Promise.race([late, looking.then(() => false)]);
    patience.abort();
    if (!isLate) return looking;
    this.#hanging.add(pid);
    void looking.then(() => this.#hanging.delete(pid));
    return undefined;
  }

  /** Never rejects for what a process does not tell. */
  async #open<T>(
    path: string,
    flags: number,
    look: (descriptor: number) => T | Promise<T>,
  ): Promise<T | undefined> {
    let descriptor: number | undefined;
    try {
      // O_PATH asks the file system nothing.
      descriptor = await this.#io.open(path, flags);
      return await look(descriptor);
    } catch (thrown) {
      if (isSystemError(thrown)) return undefined;
      throw thrown;
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }

  async #readAll(descriptor: number): Promise<string> {
    const piece = Buffer.alloc(MAPS_PIECE);
    let text = '';
    while (text.length < MAX_MAPS) {
      const got = await this.#io.read(descriptor, piece, text.length);
      if (got === 0) break;
      text += piece.toString('latin1', 0, got);
    }
    return text;
  }
}

/** Such as "bash (1234), less (1240)"; empty for none. */
export function formatMountUsers(users: readonly MountUser[]): string {
  const named = users.slice(0, MAX_NAMED).map(({ name, pid }) => `${name} (${pid})`);
  if (users.length > MAX_NAMED) named.push(`${users.length - MAX_NAMED} more`);
  return named.join(', ');
}

function hasOpen(pid: string, { ids }: WantedMount): boolean {
  const folder = `/proc/${pid}/fdinfo`;
  return readdirSync(folder).some(
    (number) => ignoreGone(() => ids.has(mountIdIn(`${folder}/${number}`) ?? -1)) === true,
  );
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
