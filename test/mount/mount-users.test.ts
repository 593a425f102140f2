// Who uses a mount, as /proc tells it.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findMountUsers, formatMountUsers } from '../../src/mount/mount-users.js';
import { readMountTable } from '../../src/mount/mount-table.js';
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
select.select([sys.stdin], [], [], 40)
os.kill(server, signal.SIGCONT)
os.waitpid(child, 0)
`;

/** A file system that is everywhere, and that hardly anybody works in. */
const { device } = readMountTable().find(({ directory }) => directory === '/proc')!;

const program = join(import.meta.dirname, '..', '..', 'dist', 'bundle', 'list-mount-users.js');

async function isFound(child: ChildProcess, uid?: number): Promise<boolean> {
  const users = await findMountUsers([device], { uid, program });
  return (users.get(device) ?? []).some(({ pid }) => pid === child.pid);
}

describe('findMountUsers', () => {
  it.each([
    ['a working folder', 'cd /proc && exec sleep 60'],
    ['an open file', 'exec sleep 60 </proc/version'],
  ])('finds who has %s there, with the name, and not who has not', async (_, script) => {
    const user = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'] });
    const other = spawn('sleep', ['60'], { cwd: '/', stdio: 'ignore' });
    try {
      await waitUntil(async () => {
        const users = await findMountUsers([device, '9999:2'], { program });
        return (users.get(device) ?? []).some(({ pid, name }) => pid === user.pid && name === 'sleep');
      });
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
    await once(hanging.stdout, 'data');
    const user = spawn('sleep', ['60'], { cwd: '/proc', stdio: 'ignore' });
    try {
      expect(await isFound(user)).toBe(true);
      expect(readFileSync(`/proc/${server.pid}/stat`, 'utf8')).toMatch(/\) T /u);
    } finally {
      hanging.stdin.end('\n');
      await once(hanging, 'exit');
      user.kill();
      await mustRun('umount', [place]);
      await rm(place, { recursive: true });
    }
  });

  it('knows nobody where nothing is known of the mount', async () => {
    expect(await findMountUsers([], { program })).toEqual(new Map());
    expect(await findMountUsers(['9999:1'], { program })).toEqual(new Map());
  });

  it('tells what was found, and goes on, where looking does not end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-users-'));
    const stuck = join(folder, 'stuck.mjs');
    const lines = '{"device":"0:1","pid":7,"name":"cat"}\\n{"device":"0:1","pid":8';
    await writeFile(stuck, `process.stdout.write('${lines}'); setInterval(() => undefined, 1000);`);
    const missing = join(folder, 'missing.mjs');
    expect(await findMountUsers([device], { program: stuck })).toEqual(
      new Map([['0:1', [{ pid: 7, name: 'cat' }]]]),
    );
    expect(await findMountUsers([device], { program: missing })).toEqual(new Map());
    await rm(folder, { recursive: true });
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
