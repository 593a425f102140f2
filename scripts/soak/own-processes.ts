// Processes that a soak started, itself or by its daemons: they have its folder in their environment.
import { readFileSync, readdirSync } from 'node:fs';

const VARIABLE = 'ISODRIVE_SOAK_FOLDER';

/** Has all that this process starts from now on carry the folder's name. */
export function markOwnProcesses(folder: string): void {
  process.env[VARIABLE] = folder;
}

/** Those of a soak's folder that run; what other users run cannot be looked into and is none. */
export function findOwnProcesses(folder: string): { readonly pid: number; readonly command: string }[] {
  const found: { pid: number; command: string }[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/u.test(name)) continue;
    try {
      const variables = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0');
      if (!variables.includes(`${VARIABLE}=${folder}`)) continue;
      const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
      found.push({ pid: Number(name), command });
    } catch {
      // Ended meanwhile, or not ours.
    }
  }
  return found;
}
