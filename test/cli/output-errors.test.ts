// What commands say when their output cannot be written: to standard output, and to files of the user.
import { execFileSync, spawnSync } from 'node:child_process';
import type { SpawnSyncReturns } from 'node:child_process';
import { copyFile, lstat, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrdinaryUser } from '../support/machines/ordinary-user.js';
import { findOrdinaryUser } from '../support/machines/ordinary-user.js';
import { needs } from '../support/needs.js';

const SAMPLE = join(import.meta.dirname, '../corpus/ok/copying-rr.iso');
let folder: string;
let image: string;
let user: OrdinaryUser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isodrive-output-'));
  image = join(folder, 'disc.iso');
  await copyFile(SAMPLE, image);
  user = await findOrdinaryUser();
  const { uid, gid } = user.identity;
  if (uid !== undefined) execFileSync('chown', [`${uid}:${gid ?? uid}`, folder]);
});
afterAll(async () => {
  await user[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a line of the shell as an ordinary user, in which "isodrive" is the command. */
function shell(line: string): SpawnSyncReturns<string> {
  const main = join(user.options.project, 'dist/src/cli/main.js');
  const script = `isodrive() { "$NODE" "$MAIN" "$@"; }; ${line}`;
  const env = { ...process.env, NODE: process.execPath, MAIN: main, HOME: folder, XDG_STATE_HOME: folder };
  return spawnSync('/bin/sh', ['-c', script], { ...user.identity, cwd: folder, env, encoding: 'utf8' });
}

const isDefect = (stderr: string): boolean => /defect|^ +at /mu.test(stderr);

describe('a standard output that takes nothing', () => {
  it.each([
    'ls disc.iso',
    'ls --json disc.iso',
    'cat disc.iso /COPYING',
    'info disc.iso',
    'tree disc.iso',
    '--help',
  ])('is an error of %s, and no defect', (command) => {
    const { status, stderr } = shell(`isodrive ${command} > /dev/full`);
    expect(stderr).toContain('Cannot write to standard output: no space left on device');
    expect([status, isDefect(stderr)]).toEqual([11, false]);
  });

  it('is no error where its reader has had enough', () => {
    const { stderr } = shell('isodrive cat disc.iso /COPYING | head -c 1 > /dev/null');
    expect(stderr).toBe('');
  });
});

describe('a file that cannot be written', () => {
  it.each([
    ['map disc.iso -o locked/x', 'Cannot write "{}/locked/x": permission denied', 6],
    ['index disc.iso -o locked/x', 'Cannot write "{}/locked/x": permission denied', 6],
    ['map disc.iso -o disc.iso/x', 'Cannot write "{}/disc.iso/x": a part of the path is no folder', 2],
    ['index disc.iso -o missing/x', 'Cannot write "{}/missing/x": no such file or folder', 2],
    ['create disc.iso locked/x', 'Cannot write "{}/locked/x.part": permission denied', 6],
    ['extract disc.iso -C locked/x', 'Cannot extract into "{}/locked/x": permission denied', 6],
  ])('is named with the reason: %s', async (command, message, exit) => {
    await mkdir(join(folder, 'locked'), { recursive: true, mode: 0o555 });
    const { status, stderr } = shell(`isodrive ${command}`);
    expect(stderr).toContain(message.replace('{}', folder));
    expect([status, isDefect(stderr)]).toEqual([exit, false]);
  });
});

describe('extract as an ordinary user', () => {
  it('can be run twice, and what it wrote can be removed', () => {
    const paths = 'disc.iso /COPYING /copy /tmp';
    expect(shell(`isodrive extract ${paths} -C out`)).toMatchObject({ status: 0, stderr: '' });
    const again = shell(`isodrive extract ${paths} -C out`);
    expect(again).toMatchObject({ status: 0, stderr: '' });
    expect(again.stdout).toContain('there already');
    expect(shell('rm -rf out')).toMatchObject({ status: 0, stderr: '' });
  });

  it('opens folders of its own that it has given modes without write permission', async () => {
    shell('mkdir -p closed/tmp && chmod 555 closed/tmp');
    const { status, stderr } = shell('isodrive extract disc.iso /tmp -C closed');
    expect([status, stderr]).toEqual([0, '']);
    expect((await lstat(join(folder, 'closed/tmp/COPYING'))).isSymbolicLink()).toBe(true);
  });

  it('refuses what is there with a hint, and takes one rule at most', async () => {
    await mkdir(join(folder, 'edited'), { mode: 0o777 });
    await writeFile(join(folder, 'edited/COPYING'), 'mine');
    execFileSync('chmod', ['777', join(folder, 'edited')]);
    const { status, stderr } = shell('isodrive extract disc.iso /COPYING -C edited');
    expect(status).toBe(11);
    expect(stderr).toMatch(/^isodrive: \/COPYING: Left as it is: .*\n.*\nhint: Replace with --overwrite/u);
    expect(shell('isodrive extract disc.iso /COPYING -C edited --skip-existing').status).toBe(0);
    expect(shell('isodrive extract disc.iso /COPYING -C edited --overwrite').status).toBe(0);
    expect((await lstat(join(folder, 'edited/COPYING'))).size).toBe(17_992);
    expect(shell('isodrive extract disc.iso -C edited --overwrite --update').status).toBe(2);
  });

  it('tells twenty faults and how many more there are', needs('xorriso'), async () => {
    execFileSync('mkdir', [join(folder, 'tree')]);
    for (let i = 0; i < 25; i += 1) await writeFile(join(folder, 'tree', `f${i}`), 'disc');
    execFileSync(
      'xorriso',
      ['-as', 'mkisofs', '-quiet', '-R', '-o', join(folder, 'many.iso'), join(folder, 'tree')],
      {
        stdio: 'ignore',
      },
    );
    for (let i = 0; i < 25; i += 1) await writeFile(join(folder, 'tree', `f${i}`), 'mine, edited');
    const { status, stderr } = shell('isodrive extract many.iso -C tree');
    expect(status).toBe(11);
    expect(stderr.match(/Left as it is/gu)).toHaveLength(20);
    expect(stderr).toContain('isodrive: and 5 more\n');
  });

  it('takes no "-" for a folder', async () => {
    expect(shell('isodrive extract disc.iso -C -')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('isodrive cat') as string,
    });
    expect(await readdir(folder)).not.toContain('-');
  });
});
