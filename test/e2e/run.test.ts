// isodrive run: a mount for as long as a command is there, however it or isodrive ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../scripts/support/run-command.js';
import { expectFailure } from '../support/judges/command-failure.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';
import { needs } from '../support/needs.js';

describe('isodrive run', needs('fusermount3'), () => {
  let isodrive: PrivateIsodrive;
  beforeAll(async () => {
    isodrive = await PrivateIsodrive.start();
  });
  afterEach(async () => {
    await waitUntil(() => isodrive.remainingMounts().length === 0);
  });
  afterAll(() => isodrive[Symbol.asyncDispose]());

  const run = (script: string, ...options: string[]): ReturnType<typeof isodrive.daemon.run> =>
    isodrive.daemon.run(['run', ...options, SMALL_IMAGE, '--', 'sh', '-c', script, '', 'last']);

  it('gives the command the mount, and its exit code and output on', async () => {
    const { status, stdout, stderr } = await run('wc -c < "$ISODRIVE_MOUNT/COPYING"; echo "[$0] $1"; exit 7');
    expect({ status, stderr }).toEqual({ status: 7, stderr: '' });
    expect(stdout.toString()).toBe('17992\n[] last\n');
  });

  it('puts the mount point where --replace says', async () => {
    const { stdout } = await run('test "$ISODRIVE_MOUNT" = "@" && echo same', '-I', '@');
    expect(stdout.toString()).toBe('same\n');
  });

  it('puts it where {} stands, unless another text is named', async () => {
    expect(
      (await run('test "$ISODRIVE_MOUNT" = "{}" && cmp "{}/COPYING" "$ISODRIVE_MOUNT/COPYING"')).status,
    ).toBe(0);
    expect((await run('echo {}', '-I', '@')).stdout.toString()).toBe('{}\n');
  });

  it('hands words on as the bytes that they are', async () => {
    const { env, program } = isodrive.daemon;
    const script = `'${program}' run '${SMALL_IMAGE}' -- sh -c 'printf "%s|" "$@"; ls "{}" | head -n 1' \
      sh "$(printf 'caf\\351')" '' "a 'b' \\\$c" "$(printf 'x\\ny')"`;
    const { status, stdout, stderr } = await runCommand('sh', ['-c', script], { env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.toString('latin1')).toBe(`caf\xe9||a 'b' $c|x\ny|COPYING\n`);
  });

  it('hands on variables as the bytes that they are', async () => {
    const { env, program } = isodrive.daemon;
    // The launcher's shell may drop names that no shell needs to know.
    const script = `NAME="$(printf 'caf\\351')" '${program}' run '${SMALL_IMAGE}' \
      -- sh -c 'env -0; test -r "$ISODRIVE_MOUNT/COPYING"'`;
    const { status, stdout, stderr } = await runCommand('sh', ['-c', script], { env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const variables = stdout.toString('latin1').split('\0');
    expect(variables.filter((text) => text.includes('\xef\xbf\xbd'))).toEqual([]);
    expect(variables).toContain('NAME=caf\xe9');
  });

  it('tells a command that a signal ended as a shell does', async () => {
    expect((await run('kill -KILL $$')).status).toBe(137);
  });

  it('refuses what is no program, and leaves nothing mounted', async () => {
    const result = await isodrive.daemon.run(['run', '--json', SMALL_IMAGE, '--', './no-such-program']);
    expect(expectFailure(result)).toMatchObject({ code: 'program-not-found', exit: 127 });
    const file = await isodrive.daemon.run(['run', '--json', SMALL_IMAGE, '--', SMALL_IMAGE]);
    expect(expectFailure(file)).toMatchObject({
      ...{ code: 'program-not-run', exit: 126 },
      message: `Cannot run "${SMALL_IMAGE}": permission denied, expected a program`,
    });
  });

  it('is not handed to others, who get a mount of their own', async () => {
    const other = await isodrive.makeDirectory();
    const { program } = isodrive.daemon;
    const { status } = await run(`'${program}' mount '${SMALL_IMAGE}' '${other}'`);
    expect(status).toBe(0);
    expect(isodrive.remainingMounts()).toEqual([other]);
    await isodrive.daemon.must('unmount', other);
  });

  /** Starts a command that says that it runs, and what signal it is sent. */
  const start = async (
    script: string,
    trap = '',
  ): Promise<{ child: ReturnType<typeof spawn>; marker: string }> => {
    const marker = join(isodrive.folder, `marker-${Math.random()}`);
    const command = `${trap} echo started > '${marker}'; ${script}`;
    const args = [join('dist', 'src', 'cli', 'main.js'), 'run', SMALL_IMAGE, '--', 'sh', '-c', command];
    const child = spawn(process.execPath, args, { env: isodrive.daemon.env, stdio: 'ignore' });
    await waitUntil(() => existsSync(marker), 20_000);
    return { child, marker };
  };

  it('passes SIGTERM on, and the command decides how it ends', async () => {
    const { child, marker } = await start('while :; do sleep 0.05; done', "trap 'exit 3' TERM;");
    const ended = once(child, 'exit');
    await waitUntil(async () => (await readFile(marker, 'utf8')) !== '');
    child.kill('SIGTERM');
    expect(await ended).toEqual([3, null]);
  });

  it('keeps the mount for a command that outlives isodrive, and ends it with the command', async () => {
    const release = join(isodrive.folder, 'release');
    const { child, marker } = await start(
      `until test -e '${release}'; do sleep 0.05; done; cat "$ISODRIVE_MOUNT/COPYING" > '${release}'`,
    );
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(await readFile(marker, 'utf8')).toBe('started\n');
    expect(isodrive.remainingMounts()).toHaveLength(1);
    await writeFile(release, '');
    await waitUntil(() => isodrive.remainingMounts().length === 0);
    expect((await readFile(release)).length).toBe(17_992);
  });

  it('goes on when the daemon is killed and another takes over', async () => {
    const release = join(isodrive.folder, 'release-2');
    const { child } = await start(
      `until test -e '${release}'; do sleep 0.05; done; cmp "$ISODRIVE_MOUNT/COPYING" "$ISODRIVE_MOUNT/COPYING"`,
    );
    const ended = once(child, 'exit');
    const { pid } = await isodrive.daemon.status();
    process.kill(pid, 'SIGKILL');
    await waitUntil(async () => (await isodrive.daemon.status()).pid !== pid);
    expect(isodrive.remainingMounts()).toHaveLength(1);
    await writeFile(release, '');
    expect(await ended).toEqual([0, null]);
  });
});
