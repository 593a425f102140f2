// The kernel's table of mounts, read from /proc/self/mountinfo: never by touching a mount point, which may hang when
// its server does.
import { readFileSync } from 'node:fs';
import { decodePath } from '../base/path-text.js';

/** Subtype of our FUSE mounts, and their type as the table shows it. */
export const FUSE_SUBTYPE = 'isodrive';
export const FUSE_TYPE = `fuse.${FUSE_SUBTYPE}`;

/** A line of mountinfo (proc_pid_mountinfo(5)). */
export interface MountTableEntry {
  readonly id: number;
  readonly parentId: number;
  /** "major:minor" of the mounted file system. */
  readonly device: string;
  /** Absolute path, as path-text.ts has it. */
  readonly directory: string;
  /** Such as "fuse.isodrive" or "ext4". */
  readonly type: string;
  /** What was mounted, such as the path of an image. */
  readonly source: string;
  /** Options of this mount, such as "ro" and "nosuid". */
  readonly options: readonly string[];
}

/**
 * The mounts that this process sees, in the kernel's order: of two on one directory, the later hides the other. Read
 * synchronously: the kernel has it in memory, and each of the five steps of an asynchronous read costs as much as all.
 */
export function readMountTable(): MountTableEntry[] {
  return parseMountTable(readFileSync('/proc/self/mountinfo'));
}

/** Lines that are not understood are left out: the kernel may add fields, and other processes mount odd things. */
export function parseMountTable(bytes: Uint8Array): MountTableEntry[] {
  const entries: MountTableEntry[] = [];
  // Latin-1 keeps every byte as one character until the octal escapes are undone.
  for (const line of Buffer.from(bytes).toString('latin1').split('\n')) {
    const entry = parseLine(line);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function parseLine(line: string): MountTableEntry | undefined {
  // 36 35 98:0 /root /mount/point rw,noatime optional-fields... - ext3 /dev/root rw
  const fields = line.split(' ');
  const [id, parentId, device, , directory, options] = fields;
  const separator = fields.indexOf('-', 6);
  if (directory === undefined || options === undefined || separator < 0) return undefined;
  return {
    id: Number(id),
    parentId: Number(parentId),
    device: device ?? '',
    directory: decodePath(unescapeField(directory)),
    type: fields[separator + 1] ?? '',
    source: decodePath(unescapeField(fields[separator + 2] ?? '')),
    options: options.split(','),
  };
}

/** Space, tab, newline, backslash and "#" stand as three octal digits (fs/proc_namespace.c mangle). */
function unescapeField(field: string): Buffer {
  const text = field.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
  return Buffer.from(text, 'latin1');
}

/** What is mounted on a directory and seen there, or undefined. `directory` is absolute, without symlinks. */
export function findMount(
  entries: readonly MountTableEntry[],
  directory: string,
): MountTableEntry | undefined {
  return entries.findLast((entry) => entry.directory === directory);
}

/**
 * Id of the mount that an open file lies on, as in the mount table; the file system is not asked, so this never waits
 * (fdinfo, proc_pid_fdinfo(5)). Undefined where the kernel does not tell.
 */
export function mountIdOf(descriptor: number): number | undefined {
  const text = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1');
  const found = /^mnt_id:\s*(\d+)$/mu.exec(text);
  return found === null ? undefined : Number(found[1]);
}
