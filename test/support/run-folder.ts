// Once for a whole run: a folder for all its temporary files, in which nothing may be left by the end, so that a test
// that does not clean up after itself is found out on a machine where others work too.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMountTable } from '../../src/mount/mount-table.js';

const VARIABLE = 'ISODRIVE_RUN_FOLDER';
/** As that of /tmp: tests act as other users too. */
const FOR_EVERYBODY = 0o1777;

/**
 * Gives what takes it away. What is mounted below it stays: it may be somebody's. Each project calls it, the first
 * does
 * it.
 */
export async function setup(): Promise<() => Promise<void>> {
  if (process.env[VARIABLE] !== undefined) return () => Promise.resolve();
  const folder = await mkdtemp(join(tmpdir(), 'isodrive-run-'));
  await chmod(folder, FOR_EVERYBODY);
  process.env.TMPDIR = folder;
  process.env[VARIABLE] = folder;
  return async () => {
    if (findMountsBelow(folder).length === 0) await rm(folder, { recursive: true, force: true });
  };
}

/** What tests have left there: files, folders, mounts. Empty outside of a run. */
export function listLeftovers(): string[] {
  const folder = process.env[VARIABLE];
  if (folder === undefined) return [];
  const mounts = findMountsBelow(folder).map((directory) => `mount ${directory}`);
  return [...mounts, ...readdirSync(folder).map((name) => join(folder, name))];
}

function findMountsBelow(folder: string): string[] {
  return readMountTable()
    .map(({ directory }) => directory)
    .filter((directory) => directory.startsWith(`${folder}/`));
}
