// isodrive-keeper alone, with a small program in the daemon's place.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keeperProgram } from '../../src/protocol/start-daemon.js';
import { needs } from '../support/needs.js';
import { hasEnded } from '../support/programs/has-ended.js';

const ROOT = join(import.meta.dirname, '..', '..');
const CHILD = join(ROOT, 'test', 'support', 'programs', 'keeper-child.mjs');
const ADDON = process.env.ISODRIVE_ADDON ?? join(ROOT, 'build', 'release', 'isodrive.node');

interface Start {
  readonly pid: number;
  readonly keeper: number;
  readonly count: number;
  readonly contents: Readonly<Record<string, string>>;
  readonly isOurs: boolean;
}

describe('isodrive-keeper', needs({ what: 'isodrive-keeper', isThere: existsSync(keeperProgram()) }), () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-keeper-'));
    file = join(folder, 'starts');
    await writeFile(file, '');
    await writeFile(`${file}.first`, 'one');
    await writeFile(`${file}.second`, 'two');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const starts = async (): Promise<Start[]> =>
    (await readFile(file, 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Start);
  /** Starts a keeper whose daemon does one deed a start; gives its process id and its exit code to come. */
  const start = (...deeds: string[]): { pid: number; ended: Promise<number | null> } => startBy([], deeds);
  const startBy = (before: string[], deeds: string[]): { pid: number; ended: Promise<number | null> } => {
    const [program, ...words] = [...before, keeperProgram(), process.execPath, CHILD, file, ...deeds];
    const child = spawn(program!, words, {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
      env: { ...process.env, ISODRIVE_ADDON: ADDON },
    });
    return { pid: child.pid!, ended: new Promise((resolve) => child.once('exit', resolve)) };
  };

  it('starts a daemon that died again, with what it kept and not with what it gave up', async () => {
    const { ended } = start('keep', 'keep', 'exit 0');
    expect(await ended).toBe(0);
    const [first, second, third] = await starts();
    expect(first).toMatchObject({ count: 2, contents: { ready: 'a pipe' }, isOurs: true });
    expect(second).toMatchObject({ count: 3, contents: { first: 'one', second: 'two' }, isOurs: true });
    expect(third).toMatchObject({ count: 3, contents: { first: 'one', second: 'two' } });
  });

  it.each([
    ['hands over more than half as many descriptors as it may have open', 120, 120],
    ['keeps no more descriptors than leave room for a daemon', 300, 136],
  ])('%s', needs('prlimit'), async (_, sent, most) => {
    expect(await startBy(['prlimit', '--nofile=200:200'], [`many ${sent}`, 'exit 0']).ended).toBe(0);
    const [, second] = await starts();
    const kept = Object.entries(second!.contents).filter(([name]) => name !== 'ready');
    expect(kept.every(([, content]) => content === 'one')).toBe(true);
    expect(kept.length).toBeLessThanOrEqual(most);
    expect(kept.length).toBeGreaterThanOrEqual(Math.min(sent, most - 16));
  });

  it('obeys nobody but the daemon that it started', async () => {
    const { ended } = start('keep', 'strange', 'exit 0');
    expect(await ended).toBe(0);
    expect((await starts())[2]).toMatchObject({ contents: { first: 'one', second: 'two' } });
  });

  it('listens nowhere: no other user can pass it a descriptor whose close hangs', async () => {
    const { pid, ended } = start('wait');
    await expect.poll(starts, { timeout: 10_000 }).toHaveLength(1);
    const links = await Promise.all(
      (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`)),
    );
    const sockets = links.flatMap((link) => /^socket:\[(\d+)\]$/u.exec(link)?.[1] ?? []);
    // Columns of /proc/net/unix: number, references, protocol, flags, type, state, inode, path.
    const table = (await readFile('/proc/net/unix', 'utf8'))
      .split('\n')
      .map((line) => line.trim().split(/\s+/u));
    const named = table.filter(([, , , , , , inode, path]) => sockets.includes(inode!) && path !== undefined);
    expect(sockets.length).toBeGreaterThan(0);
    expect(named).toEqual([]);
    process.kill(pid, 'SIGTERM');
    await ended;
  });

  it('ends with a daemon that never got ready, and with its exit code', async () => {
    expect(await start('exit 7').ended).toBe(7);
    expect(await starts()).toHaveLength(1);
  });

  it('starts a successor for exit code 75, and ends with one that says that it is stopping', async () => {
    expect(await start('keep', 'exit 75', 'stop').ended).toBe(1);
    expect(await starts()).toHaveLength(3);
  });

  it('hands signals on, and ends when the daemon has', async () => {
    const { pid, ended } = start('wait');
    await expect.poll(starts, { timeout: 10_000 }).toHaveLength(1);
    process.kill(pid, 'SIGTERM');
    await ended;
    expect(hasEnded((await starts())[0]!.pid)).toBe(true);
  });
});
