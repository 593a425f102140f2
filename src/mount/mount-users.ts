// Which processes use a mount. A process of another user keeps its secrets unless root asks.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Milliseconds that looking may take, the start of the program included: what is found until then is told. */
const PATIENCE = 10_000;
/** Processes that a message names. */
const MAX_NAMED = 8;
const PROGRAM = fileURLToPath(new URL('./list-mount-users.js', import.meta.url));

export interface MountUser {
  readonly pid: number;
  /** Its name, as ps shows it. */
  readonly name: string;
}

export interface MountUsersOptions {
  /** Only processes of this user. */
  readonly uid?: number | undefined;
  /** The program that looks (list-mount-users). */
  readonly program?: string;
}

/**
 * Processes that hold files or folders of mounted file systems, by the "major:minor" of each that is used; this
 * process is none. Never rejects, and does not wait for a process that cannot be looked at.
 */
export function findMountUsers(
  devices: readonly string[],
  { uid, program = PROGRAM }: MountUsersOptions = {},
): Promise<Map<string, MountUser[]>> {
  if (devices.length === 0 || process.platform !== 'linux')
    return Promise.resolve(new Map<string, MountUser[]>());
  return new Promise((resolve) => {
    const words = [program, uid === undefined ? 'all' : String(uid), ...devices];
    const child = spawn(process.execPath, words, {
      stdio: ['ignore', 'pipe', 'ignore'],
      // Each process that is stuck costs it one.
      env: { ...process.env, UV_THREADPOOL_SIZE: '64' },
    });
    let text = '';
    const finish = (): void => {
      clearTimeout(late);
      // Where it is stuck it ends when what it waits for does.
      child.kill('SIGKILL');
      child.unref();
      child.stdout.destroy();
      resolve(parseUsers(text));
    };
    const late = setTimeout(finish, PATIENCE);
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      // It has looked at all, and may be unable to end.
      if (/^\n|\n\n$/u.test(text)) finish();
    });
    child.stdout.on('end', finish);
    child.on('error', finish);
  });
}

/** Without a last line that was cut. */
function parseUsers(text: string): Map<string, MountUser[]> {
  const found = new Map<string, MountUser[]>();
  for (const line of text
    .split('\n')
    .slice(0, -1)
    .filter((one) => one !== '')) {
    const { device, ...user } = JSON.parse(line) as MountUser & { device: string };
    found.set(device, [...(found.get(device) ?? []), user]);
  }
  return found;
}

/** Such as "bash (1234), less (1240)"; empty for none. */
export function formatMountUsers(users: readonly MountUser[]): string {
  const named = users.slice(0, MAX_NAMED).map(({ name, pid }) => `${name} (${pid})`);
  if (users.length > MAX_NAMED) named.push(`${users.length - MAX_NAMED} more`);
  return named.join(', ');
}
