// Who still has a copy of a mount that is gone here: other mount namespaces, found by the device number in their
// tables.
import { readFile, readdir } from 'node:fs/promises';
import { parseMountTable } from './mount-table.js';

/** A process of a mount namespace with a copy. */
export interface MountHolder {
  readonly pid: number;
  readonly program: string;
}

/** Processes that are looked at, and told, at most. */
const MAX_PROCESSES = 10_000;
const MAX_HOLDERS = 8;

/** Never rejects; processes that end meanwhile, or may not be looked at, are none. */
export async function findMountHolders(device: string): Promise<readonly MountHolder[]> {
  const holders: MountHolder[] = [];
  const names = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/u.test(name));
  for (const name of names.slice(0, MAX_PROCESSES)) {
    if (holders.length >= MAX_HOLDERS) break;
    const table = await readFile(`/proc/${name}/mountinfo`).catch(() => undefined);
    if (table === undefined || !parseMountTable(table).some((mount) => mount.device === device)) continue;
    const program = await readFile(`/proc/${name}/comm`, 'utf8').catch(() => '?');
    holders.push({ pid: Number(name), program: program.trim() });
  }
  return holders;
}
