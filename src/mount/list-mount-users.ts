// A program: which processes use mounted file systems, told by /proc, never by touching what is mounted, which may hang
// when its server does. Arguments: a user whose processes alone count, or "all"; the "major:minor" of each file system.
// Prints a line of JSON for each process and file system, and an empty line when it has looked at all.
//
// It is a process of its own because /proc of a process that is stuck in execve(2) cannot be read before that ends, and
// anybody can have such a process: one that closes a file whose server does not answer. It costs a thread of libuv's
// pool.
import { open, readFile, readdir, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSystemError } from '../base/error.js';
import { mountIdOf, readMountTable } from './mount-table.js';
import { O_PATH } from './open-directory.js';

/** Symbolic links of /proc/PID to a place that the process holds. */
const PLACES = ['cwd', 'root', 'exe'] as const;
/** Milliseconds after which a process counts as stuck. */
const PATIENCE = 1000;
/** Processes that are looked at together. */
const TOGETHER = 4;

/** Undefined where the process has ended meanwhile, or is not ours to look at. */
async function ignoreGone<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (thrown) {
    if (isSystemError(thrown)) return undefined;
    throw thrown;
  }
}

/** O_PATH asks the file system nothing. */
async function mountOfPlace(path: string): Promise<number | undefined> {
  await using file = await open(path, O_PATH);
  return mountIdOf(file.fd);
}

async function mountIdIn(path: string): Promise<number | undefined> {
  const found = /^mnt_id:\s*(\d+)$/mu.exec(await readFile(path, 'latin1'));
  return found === null ? undefined : Number(found[1]);
}

/** Numbers of the mounts that a process holds open. */
async function mountsOf(folder: string): Promise<Set<number | undefined>> {
  const found = new Set<number | undefined>();
  for (const place of PLACES) found.add(await ignoreGone(() => mountOfPlace(`${folder}/${place}`)));
  const numbers = (await ignoreGone(() => readdir(`${folder}/fdinfo`))) ?? [];
  for (const number of numbers) found.add(await ignoreGone(() => mountIdIn(`${folder}/fdinfo/${number}`)));
  return found;
}

/** 7f...-7f... r-xp 00000000 00:35 1234 /path: the device in hexadecimal (proc_pid_maps(5)). */
function mapsDevice(maps: string, device: string): boolean {
  const [major = 0, minor = 0] = device.split(':').map(Number);
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  return maps.includes(` ${hex(major)}:${hex(minor)} `);
}

async function lookAt(
  pid: string,
  user: string,
  devices: ReadonlyMap<string, ReadonlySet<number>>,
): Promise<void> {
  const folder = `/proc/${pid}`;
  if (user !== 'all' && (await ignoreGone(() => stat(folder)))?.uid !== Number(user)) return;
  const held = await mountsOf(folder);
  const maps = (await ignoreGone(() => readFile(`${folder}/maps`, 'latin1'))) ?? '';
  for (const [device, mounts] of devices) {
    if (!mapsDevice(maps, device) && ![...mounts].some((mount) => held.has(mount))) continue;
    const name = (await ignoreGone(() => readFile(`${folder}/comm`, 'utf8'))) ?? 'a process';
    process.stdout.write(`${JSON.stringify({ device, pid: Number(pid), name: name.trim() })}\n`);
  }
}

async function listUsers(user: string, wanted: readonly string[]): Promise<void> {
  const devices = new Map(wanted.map((device) => [device, new Set<number>()]));
  for (const { id, device } of readMountTable()) devices.get(device)?.add(id);
  const ours = new Set([process.pid, process.ppid].map(String));
  const waiting = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name) && !ours.has(name));
  const work = async (): Promise<void> => {
    for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
      await Promise.race([lookAt(pid, user, devices), sleep(PATIENCE, undefined, { ref: false })]);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, work));
}

const [user = 'all', ...devices] = process.argv.slice(2);
await listUsers(user, devices);
// The pipe has it when this returns.
process.stdout.write('\n');
// An ordinary end waits for the threads that are stuck.
process.kill(process.pid, 'SIGKILL');
