// Mounts as the kernel lists them (proc_pid_mountinfo(5)): never touches the mounted file system itself.
import { readFile, writeFile } from 'node:fs/promises';

export interface MountedAt {
  readonly directory: string;
  /** "major:minor" of the file system. */
  readonly device: string;
  readonly type: string;
  readonly source: string;
  /** Options of the mount and of its file system. */
  readonly options: readonly string[];
}

/** Every mount that this process sees. */
export async function readMounts(): Promise<MountedAt[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [mount = '', fileSystem = ''] = line.split(' - ');
    const [, , device = '', , directory = '', options = ''] = mount.split(' ');
    const [type = '', source = '', superOptions = ''] = fileSystem.split(' ');
    return {
      directory: unescape(directory),
      device,
      type,
      source: unescape(source),
      options: [...options.split(','), ...superOptions.split(',')],
    };
  });
}

/** Space, tab, newline and backslash are written as \ooo. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** The uppermost mount at a directory. */
export async function findMount(directory: string): Promise<MountedAt | undefined> {
  return (await readMounts()).findLast((mount) => mount.directory === directory);
}

function readAheadFile(device: string): string {
  return `/sys/class/bdi/${device}/read_ahead_kb`;
}

/** Read-ahead of a mounted file system, KiB. */
export async function getReadAhead(device: string): Promise<number> {
  return Number(await readFile(readAheadFile(device), 'utf8'));
}

/** Needs root. */
export async function setReadAhead(device: string, kibibytes: number): Promise<void> {
  await writeFile(readAheadFile(device), `${kibibytes}`);
}
