// The doctor, on this machine and with things missing.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../../scripts/support/run-command.js';
import { diagnose } from '../../src/mount/diagnose.js';
import { ErofsDriver } from '../../src/mount/erofs/erofs-driver.js';
import { createFuseDriver } from '../../src/mount/fuse/fuse-driver.js';
import { readMountTable } from '../../src/mount/mount-table.js';
import { describeDeviceFault, findProgram } from '../../src/mount/probe-platform.js';
import { needs } from '../support/needs.js';
import { findOrdinaryUser } from '../support/machines/ordinary-user.js';

const folder = mkdtempSync(join(tmpdir(), 'isodrive-doctor-'));
const FUSE = { what: 'driver fuse', isThere: (await createFuseDriver().check()).available };
const scratch = join(folder, 'scratch');
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Mounts of this process's doctors. */
function findTrials(): string[] {
  const own = join(tmpdir(), `isodrive-doctor-${process.pid}-`);
  return readMountTable()
    .map(({ directory }) => directory)
    .filter((directory) => directory.startsWith(own));
}

/** A doctor that ends while its disc is mounted; gives where. */
async function killTrial(): Promise<string> {
  const folder = join(import.meta.dirname, '..', '..', 'dist', 'src', 'mount');
  const program = `
    import { createFuseDriver } from '${join(folder, 'fuse', 'fuse-driver.js')}';
    import { tryMount } from '${join(folder, 'trial-mount.js')}';
    const driver = createFuseDriver();
    const mount = driver.mount.bind(driver);
    driver.mount = async (request) => {
      await mount(request);
      process.stdout.write(request.directory);
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => undefined);
    };
    await tryMount(driver);`;
  return (await runCommand(process.execPath, ['--input-type=module', '--eval', program])).stdout.toString();
}

describe('diagnose', () => {
  it('looks at everything that mounting needs, in words', async () => {
    const checks = await diagnose(scratch);
    const names = checks.map(({ name }) => name);
    expect(names).toEqual([
      '/dev/fuse',
      'fusermount3',
      'rights',
      '/etc/mtab',
      'user_allow_other',
      'addon',
      'fuse-native',
      'EROFS',
      'AppArmor',
      'mount by fuse',
      'mount by fuse-native',
      'mounting',
    ]);
    for (const { detail } of checks) expect(detail).not.toBe('');
  });

  it('says the exact fix for a helper that is missing and an addon that does not load', async () => {
    vi.stubEnv('PATH', '/nonexistent');
    vi.stubEnv('ISODRIVE_ADDON', '/nonexistent/isodrive.node');
    const checks = new Map((await diagnose(scratch)).map((check) => [check.name, check]));
    expect(checks.get('fusermount3')).toMatchObject({
      ok: false,
      fix: expect.stringContaining('apt install fuse3') as string,
    });
    expect(checks.get('addon')).toMatchObject({
      ok: false,
      fix: expect.stringContaining('build:native') as string,
    });
    expect(checks.get('addon')?.detail).toContain('/nonexistent/isodrive.node');
    // Nothing is mounted that could not be unmounted.
    expect(checks.get('mount by fuse-native')?.ok).toBe(false);
    expect(findTrials()).toEqual([]);
  });

  it('says whether the kernel mounts by EROFS, how, and which kernel it is; nothing of the trial is left', async () => {
    const found = (await diagnose(scratch)).find(({ name }) => name === 'EROFS');
    const driver = await new ErofsDriver({ folder: scratch }).check();
    expect(found).toMatchObject({ ok: driver.available, optional: true });
    expect(found?.detail).toContain(`Linux ${release()}`);
    if (driver.available) expect(found?.detail).toMatch(/from their own files|through loop devices/);
    else expect(found?.detail).toContain(driver.reason);
    rmSync(scratch, { recursive: true, force: true });
    await diagnose(scratch);
    expect(existsSync(scratch)).toBe(false);
  });

  it('mounts a disc by each driver, leaves nothing, and says which work', async () => {
    const checks = await diagnose(scratch);
    const works = checks.filter(({ name, ok }) => ok && name.startsWith('mount by '));
    const mounting = checks.find(({ name }) => name === 'mounting');
    expect(mounting?.ok).toBe(works.length > 0 || checks.some(({ name, ok }) => name === 'EROFS' && ok));
    for (const { name } of works) expect(mounting?.detail).toContain(name.slice('mount by '.length));
    expect(findTrials()).toEqual([]);
  });

  it('takes away the mount of a doctor that was killed', needs('fusermount3', FUSE), async () => {
    const dead = await killTrial();
    expect(readMountTable().some((mount) => mount.directory === dead)).toBe(true);
    await diagnose(scratch);
    expect(readMountTable().some((mount) => mount.directory === dead)).toBe(false);
    expect(existsSync(dead)).toBe(false);
  });

  it(
    'ends with exit code 6, and the line for a container, where CAP_SYS_ADMIN is missing',
    needs('root', 'setpriv'),
    async () => {
      const program = join(import.meta.dirname, '..', '..', 'scripts', 'isodrive');
      const env = { ...process.env, HOME: folder, XDG_STATE_HOME: folder };
      const args = ['--bounding-set', '-sys_admin', program, 'doctor'];
      const { status, stdout } = await runCommand('setpriv', args, { env });
      expect(status).toBe(6);
      expect(stdout.toString()).toContain('FAIL  mounting: No driver works here: CAP_SYS_ADMIN is not in');
      expect(stdout.toString()).toContain('--device /dev/fuse --cap-add SYS_ADMIN');
    },
  );

  it('sees that an ordinary user can mount', needs('fusermount3'), async () => {
    await using user = await findOrdinaryUser();
    const place = await mkdtemp(join(tmpdir(), 'isodrive-doctor-user-'));
    try {
      if (user.identity.uid !== undefined) await chown(place, user.identity.uid, user.identity.uid);
      const env = { ...process.env, HOME: place, XDG_STATE_HOME: place, XDG_RUNTIME_DIR: place };
      const program = join(user.options.project, 'scripts', 'isodrive');
      const { status, stdout } = await runCommand(program, ['doctor'], { env, ...user.identity });
      expect(stdout.toString()).toMatch(/^ok {4}mount by fuse: Works/m);
      expect(stdout.toString()).toMatch(/^ok {4}mounting: Works with fuse/m);
      expect(status).toBe(0);
    } finally {
      await rm(place, { recursive: true });
    }
  });

  it('tells a missing module from a missing permission', () => {
    const host = { isInContainer: false, profile: undefined };
    expect(describeDeviceFault('ENOENT', false, host).fix).toMatch(/^sudo modprobe fuse /);
    expect(describeDeviceFault('ENOENT', true, host).fix).toMatch(/^sudo mknod /);
    expect(describeDeviceFault('EACCES', true, host).fix).toContain('chmod');
  });

  it('tells a device that is not passed to a container from a kernel without FUSE', () => {
    const container = { isInContainer: true, profile: 'docker-default' };
    const line =
      'docker run (or podman run) --device /dev/fuse --cap-add SYS_ADMIN --security-opt apparmor=unconfined ...';
    for (const fault of ['ENOENT', 'EPERM', 'EACCES']) {
      expect(describeDeviceFault(fault, true, container)).toEqual({
        detail: `Opening it fails with ${fault}: it is not passed to this container`,
        fix: line,
      });
    }
    expect(describeDeviceFault('ENOENT', false, container)).toEqual({
      detail: "Opening it fails with ENOENT: the kernel's FUSE module is not loaded",
      fix: `sudo modprobe fuse outside of the container, and ${line}`,
    });
  });
});

describe('findProgram', () => {
  it('takes the first name that is there, and sees whether it runs as root', async () => {
    expect(await findProgram(['no-such-program', 'sh'])).toMatchObject({ isSetuidRoot: false });
    expect(await findProgram(['no-such-program'])).toBeUndefined();
  });
});
