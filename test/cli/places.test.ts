// Commands where the working folder, or the home that the log belongs to, is not there.
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { needs } from '../support/needs.js';

const PROGRAM = join(import.meta.dirname, '..', '..', 'scripts', 'isodrive');
const TIMEOUT = 60_000;

let folder: string;
let env: NodeJS.ProcessEnv;
const run = (...args: string[]): Promise<CommandResult> =>
  runCommand(PROGRAM, args, { env, cwd: folder, timeout: TIMEOUT });

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'isodrive-places-')));
  const run = join(folder, 'run');
  await mkdir(run, { mode: 0o700 });
  env = { ...process.env, ISODRIVE_SOCKET: join(run, 'control.sock') };
  delete env.XDG_STATE_HOME;
  await copyFile(SMALL_IMAGE, join(folder, 'disc.iso'));
  await mkdir(join(folder, 'point'));
});
afterEach(async () => {
  await run('unmount', '--all', '--lazy');
  await run('daemon', 'stop');
  await rm(folder, { recursive: true, force: true });
});

describe('A home that cannot be written to', () => {
  it('does not keep an image from being mounted: the log goes beside the socket, where daemon logs finds it', async () => {
    env.HOME = '/dev/null';
    const { status, stdout, stderr } = await run('mount', 'disc.iso', 'point');
    expect({ status, stderr, stdout: stdout.toString() }).toEqual({
      status: 0,
      stderr: '',
      stdout: `${join(folder, 'point')}\n`,
    });
    expect(existsSync(join(folder, 'run', 'isodrived.log'))).toBe(true);
    expect((await run('daemon', 'logs')).stdout.toString()).toContain('mounted');
  });

  it('is told, with the variable to set, where the socket has no folder for the log either', async () => {
    env = { ...env, HOME: '/dev/null', ISODRIVE_SOCKET: '/dev/null/control.sock' };
    const { status, stderr } = await run('daemon', 'start');
    expect(status).toBe(6);
    expect(stderr).toContain('hint: Set XDG_STATE_HOME to a folder that you may write to');
    env.ISODRIVE_SOCKET = join(folder, 'run', 'control.sock');
  });
});

describe('A working folder that is gone', () => {
  it('is told in words: no relative path can start from it', async () => {
    const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" ls ../disc.iso';
    const { status, stderr } = await runCommand('/bin/sh', ['-c', script, PROGRAM], { env, cwd: folder });
    expect(status).toBe(2);
    expect(stderr).toContain('isodrive: The working folder is gone');
    expect(stderr).not.toContain('defect');
  });
});

describe('A daemon of another mount namespace', needs('root', 'unshare'), () => {
  it('is told, and no path is printed where nothing is mounted for this command', async () => {
    env = { ...env, HOME: folder };
    const started = await runCommand('unshare', ['--mount', PROGRAM, 'daemon', 'start'], {
      env,
      cwd: folder,
    });
    expect(started.status).toBe(0);
    const { status, stdout, stderr } = await run('mount', 'disc.iso', 'point');
    expect({ status, stdout: stdout.toString() }).toEqual({ status: 6, stdout: '' });
    expect(stderr).toContain('in another mount namespace');
    expect(stderr).toContain('hint: Use a daemon of this container or namespace: set ISODRIVE_SOCKET');
    expect((await run('list')).stdout.toString()).toBe('');
  });
});
