// A daemon that has to end while nothing can unmount for its user: neither fusermount3 nor a umount that is setuid.
import { chmod, copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import { mountAt } from '../../scripts/support/read-ahead.js';
import { quoteForShell } from '../../src/base/shell-word.js';
import { findProgram } from '../../src/mount/probe-platform.js';
import { unpackFaultInput } from '../support/builders/fault-input.js';
import { findOrdinaryUser } from '../support/machines/ordinary-user.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';
import { needs } from '../support/needs.js';

interface Machine extends AsyncDisposable {
  readonly isodrive: PrivateIsodrive;
  /** The only folder on the daemon's PATH. */
  readonly programs: string;
  /** Of the mount that was made while there was a fusermount3. */
  readonly mountPoint: string;
  /** Asks whoever serves the mount point, as its user: names may be in the kernel's memory. */
  ask(): Promise<CommandResult>;
}

/** A daemon of an ordinary user with one mount, whose fusermount3 has gone since. */
async function loseFusermount(): Promise<Machine> {
  const programs = await mkdtemp(join(tmpdir(), 'isodrive-programs-'));
  await chmod(programs, 0o755);
  await symlink(process.execPath, join(programs, 'node'));
  await symlink((await findProgram(['fusermount3']))!.path, join(programs, 'fusermount3'));
  const user = await findOrdinaryUser();
  const isodrive = await PrivateIsodrive.start({ ...user.options, env: { PATH: programs } });
  const image = await unpackFaultInput('rr-without-nm.iso', isodrive.folder);
  const mountPoint = (await isodrive.daemon.must('mount', image)).trimEnd();
  await rm(join(programs, 'fusermount3'));
  const dispose = async (): Promise<void> => {
    for (const directory of isodrive.remainingMounts()) await mustRun('umount', ['--lazy', directory]);
    await isodrive[Symbol.asyncDispose]();
    await user[Symbol.asyncDispose]();
    await rm(programs, { recursive: true });
  };
  const ask = (): Promise<CommandResult> =>
    runCommand('/bin/stat', ['--file-system', mountPoint], user.identity);
  return { isodrive, programs, mountPoint, ask, [Symbol.asyncDispose]: dispose };
}

describe('Where nothing can unmount for the user', needs('fusermount3'), () => {
  it('unmount says what is missing, and daemon stop ends with the command that removes what is left', async () => {
    await using machine = await loseFusermount();
    const { mountPoint } = machine;
    const { daemon } = machine.isodrive;

    const unmounted = await daemon.run(['unmount', mountPoint]);
    expect([unmounted.status, unmounted.stderr]).toEqual([
      6,
      `isodrive: Cannot unmount "${mountPoint}": found neither fusermount3 nor umount on the PATH\n` +
        'hint: sudo apt install fuse3, or run isodrive doctor\n',
    ]);
    // The files are still served.
    expect(await machine.ask()).toMatchObject({ status: 0, stderr: '' });

    const stopped = await daemon.run(['daemon', 'stop']);
    expect(stopped.status).toBe(0);
    expect(stopped.stderr).toBe(
      `isodrive: "${mountPoint}" could not be unmounted, and has no server any more: ` +
        `sudo umount --lazy ${quoteForShell(mountPoint)}\n`,
    );
    expect(stopped.stdout.toString()).toMatch(/^isodrived, process \d+, has ended\n$/);
    expect(mountAt(mountPoint)).toBeDefined();
    expect((await machine.ask()).stderr).toContain('Transport endpoint is not connected');

    // The command as it is printed, but for sudo; whoever is not root may do it to a mount of theirs.
    await mustRun('/bin/sh', ['-c', `umount --lazy ${quoteForShell(mountPoint)}`]);
    await waitUntil(() => mountAt(mountPoint) === undefined);
    expect(await machine.ask()).toMatchObject({ status: 0, stderr: '' });
  });

  it('a umount that is not setuid is quoted, and --json names what is left mounted', async () => {
    await using machine = await loseFusermount();
    const { mountPoint, programs } = machine;
    const { daemon } = machine.isodrive;
    await copyFile((await findProgram(['umount']))!.path, join(programs, 'umount'));
    await chmod(join(programs, 'umount'), 0o755);

    const unmounted = await daemon.run(['unmount', mountPoint]);
    expect(unmounted.status).toBe(6);
    expect(unmounted.stderr).toContain('must be superuser to unmount');

    const stopped = await daemon.run(['daemon', 'stop', '--json']);
    expect(stopped.status).toBe(0);
    expect(JSON.parse(stopped.stdout.toString())).toMatchObject({ leftMounted: [mountPoint] });
    expect(stopped.stderr).toContain('sudo umount --lazy ');
  });
});
