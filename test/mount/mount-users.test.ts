// Who uses a mount, as /proc tells it.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { findMountUsers, formatMountUsers } from '../../src/mount/mount-users.js';
import { readMountTable } from '../../src/mount/mount-table.js';
import { waitUntil } from '../support/programs/private-isodrive.js';

/** A file system that is everywhere, and that hardly anybody works in. */
const device = readMountTable().find(({ directory }) => directory === '/proc')?.device;

async function isFound(child: ChildProcess, uid?: number): Promise<boolean> {
  return (await findMountUsers(device, uid)).some(({ pid }) => pid === child.pid);
}

describe('findMountUsers', () => {
  it.each([
    ['a working folder', 'cd /proc && exec sleep 60'],
    ['an open file', 'exec sleep 60 </proc/version'],
  ])('finds who has %s there, with the name, and not who has not', async (_, script) => {
    const user = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'] });
    const other = spawn('sleep', ['60'], { cwd: '/', stdio: 'ignore' });
    try {
      await waitUntil(async () =>
        (await findMountUsers(device)).some(({ pid, name }) => pid === user.pid && name === 'sleep'),
      );
      expect(await isFound(other)).toBe(false);
      expect(await isFound(user, (process.getuid?.() ?? 0) + 1)).toBe(false);
    } finally {
      user.kill();
      other.kill();
    }
  });

  it('knows nobody where nothing is known of the mount', async () => {
    expect(await findMountUsers(undefined)).toEqual([]);
    expect(await findMountUsers('9999:1')).toEqual([]);
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
