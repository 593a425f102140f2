// Read-ahead of a mounted file system (kernel Documentation/ABI/testing/sysfs-class-bdi), and which mount is where.
import { readFile, writeFile } from 'node:fs/promises';
import type { MountTableEntry } from '../../src/mount/mount-table.js';
import { findMount, readMountTable } from '../../src/mount/mount-table.js';

/** The mount seen at a directory (absolute, without symlinks), or undefined. Never touches it. */
export function mountAt(directory: string): MountTableEntry | undefined {
  return findMount(readMountTable(), directory);
}

/** KiB; undefined for file systems without a setting, such as EROFS over files. `device` is "major:minor". */
export async function getReadAhead(device: string): Promise<number | undefined> {
  const text = await readFile(settingFile(device), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number(text);
}

/** Needs root. */
export async function setReadAhead(device: string, kibibytes: number): Promise<void> {
  await writeFile(settingFile(device), `${kibibytes}`);
}

function settingFile(device: string): string {
  return `/sys/class/bdi/${device}/read_ahead_kb`;
}
