// The kernel's caches, put into the same state before every measurement (kernel admin-guide/sysctl/vm, drop_caches).
import { writeFile } from 'node:fs/promises';
import { mustRun } from '../support/run-command.js';

const DROP_CACHES = '/proc/sys/vm/drop_caches';
const ENTRIES = '2';
const EVERYTHING = '3';

/** Only root may drop caches. */
export function mayDropCaches(): boolean {
  return process.getuid?.() === 0;
}

/** Drops page cache, dentries and inodes. */
export async function dropEverything(): Promise<void> {
  await mustRun('sync', []);
  await writeFile(DROP_CACHES, EVERYTHING);
}

/** Drops dentries and inodes; the disk's metadata blocks stay in the page cache. */
export async function dropEntries(): Promise<void> {
  await writeFile(DROP_CACHES, ENTRIES);
}

/** Brings a file's bytes into the page cache. */
export async function warmFile(path: string): Promise<void> {
  await mustRun('/bin/sh', ['-c', 'exec cat "$1" > /dev/null', 'sh', path], { timeout: 600_000 });
}
