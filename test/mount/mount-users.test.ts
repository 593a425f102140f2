// Who uses a mount, as /proc tells it.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MountUserSearch, SEARCH_THREADS, formatMountUsers } from '../../src/mount/mount-users.js';
import { readMountTable } from '../../src/mount/mount-table.js';
import { createIo } from '../../daemon/reader/image-file.js';
import { mustRun } from '../../scripts/support/run-command.js';
import { needs } from '../support/needs.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { waitUntil } from '../support/programs/private-isodrive.js';

/** Hangs in execve, which closes a file of a server that was stopped; at the latest after a while, that goes on. */
const HANG = `
import os, select, signal, sys
place, server = sys.argv[1], int(sys.argv[2])
os.open(place + '/COPYING', os.O_RDONLY | os.O_CLOEXEC)
os.kill(server, signal.SIGSTOP)
while open(f'/proc/{server}/stat').read().rsplit(')')[-1].split()[0] != 'T': pass
child = os.fork()
if child == 0: os.execv('/bin/sleep', ['sleep', '0'])
print(child, flush=True)
select.select([sys.stdin], [], [], 20)
os.kill(server, signal.SIGCONT)
os.waitpid(child, 0)
`;
const search = new MountUserSearch(createIo(SEARCH_THREADS));

/** A file system that is everywhere, and that hardly anybody works in. */
const device = readMountTable().find(({ directory }) => directory === '/proc')?.device;

async function isFound(child: ChildProcess, uid?: number): Promise<boolean> {
  return (await search.find(device, uid)).some(({ pid }) => pid === child.pid);
}

describe('The search for users of a mount', () => {
  it.each([
    ['a working folder', 'cd /proc && exec sleep 60'],
    ['an open file', 'exec sleep 60 </proc/version'],
  ])('finds who has %s there, with the name, and not who has not', async (_, script) => {
    const user = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'] });
    const other = spawn('sleep', ['60'], { cwd: '/', stdio: 'ignore' });
    try {
      await waitUntil(async () =>
        (await search.find(device)).some(({ pid, name }) => pid === user.pid && name === 'sleep'),
      );
      expect(await isFound(other)).toBe(false);
      expect(await isFound(user, (process.getuid?.() ?? 0) + 1)).toBe(false);
    } finally {
      user.kill();
      other.kill();
    }
  });

  it('waits for no process that hangs in execve', needs('fuseiso', 'python3', 'root'), async () => {
    const place = await mkdtemp(join(tmpdir(), 'isodrive-users-'));
    const server = spawn('fuseiso', ['-n', SMALL_IMAGE, place, '-f'], { stdio: 'ignore' });
    await waitUntil(() => readMountTable().some(({ directory }) => directory === place));
    const hanging = spawn('python3', ['-c', HANG, place, String(server.pid)], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const user = spawn('sleep', ['60'], { cwd: '/proc', stdio: 'ignore' });
    try {
      await once(hanging.stdout, 'data');
      for (let round = 0; round < 3; round += 1) {
        expect(await isFound(user)).toBe(true);
        expect(readFileSync(`/proc/${server.pid}/stat`, 'utf8')).toMatch(/\) T /u);
      }
    } finally {
      hanging.stdin.end('\n');
      await once(hanging, 'exit');
      user.kill();
      await mustRun('umount', [place]);
      await rmdir(place);
    }
  });

  it('knows nobody where nothing is known of the mount', async () => {
    expect(await search.find(undefined)).toEqual([]);
    expect(await search.find('9999:1')).toEqual([]);
  });
});

describe('formatMountUsers', () => {
  it('names the first, and counts the others', () => {
    const users = Array.from({ length: 10 }, (_, i) => ({ pid: i + 1, name: 'cat' }));
    expect(formatMountUsers(users.slice(0, 2))).toBe('cat (1), cat (2)');
    expect(formatMountUsers(users)).toMatch(/cat \(8\), 2 more$/u);
    expect(formatMountUsers([])).toBe('');
  });
});
