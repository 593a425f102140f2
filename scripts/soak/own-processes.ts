// Processes that a soak started, itself or by its daemons: they have its folder in their environment.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

const VARIABLE = 'ISODRIVE_SOAK_FOLDER';
/** Seconds: the environment of a process that is stuck in execve(2) cannot be read (decision 0025). */
const PATIENCE = '2';
const TOGETHER = '16';

/** Has all that this process starts from now on carry the folder's name. */
export function markOwnProcesses(folder: string): void {
  process.env[VARIABLE] = folder;
}

/**
 * Those of a soak's folder that run; what other users run cannot be looked into and is none, nor is what is stuck in
 * execve(2).
 */
export function findOwnProcesses(folder: string): { readonly pid: number; readonly command: string }[] {
  const files = readdirSync('/proc').flatMap((name) =>
    /^\d+$/u.test(name) ? [`/proc/${name}/environ`] : [],
  );
  const grep = ['timeout', '-s', 'KILL', PATIENCE, 'grep', '-lzFxs', '--', `${VARIABLE}=${folder}`];
  const { stdout } = spawnSync('xargs', ['-P', TOGETHER, '-n', '1', ...grep], {
    input: files.join('\n'),
    // What looks is none of them.
    env: { ...process.env, [VARIABLE]: undefined },
    stdio: ['pipe', 'pipe', 'ignore'],
    encoding: 'utf8',
  });
  return stdout.split('\n').flatMap((line) => {
    const pid = /^\/proc\/(\d+)\/environ$/u.exec(line)?.[1];
    if (pid === undefined) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
      return [{ pid: Number(pid), command }];
    } catch {
      // Ended meanwhile.
      return [];
    }
  });
}
