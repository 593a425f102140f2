// The doctor, on this machine and with things missing.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { diagnose } from '../../src/mount/diagnose.js';
import { describeDeviceFault, findProgram } from '../../src/mount/probe-platform.js';

afterEach(() => vi.unstubAllEnvs());

describe('diagnose', () => {
  it('looks at everything that mounting needs, in words', async () => {
    const checks = await diagnose();
    const names = checks.map(({ name }) => name);
    expect(names).toEqual([
      '/dev/fuse',
      'fusermount3',
      'user_allow_other',
      'addon',
      'fuse-native',
      'AppArmor',
    ]);
    for (const { detail } of checks) expect(detail).not.toBe('');
  });

  it('says the exact fix for a helper that is missing and an addon that does not load', async () => {
    vi.stubEnv('PATH', '/nonexistent');
    vi.stubEnv('ISODRIVE_ADDON', '/nonexistent/isodrive.node');
    const checks = new Map((await diagnose()).map((check) => [check.name, check]));
    expect(checks.get('fusermount3')).toMatchObject({
      ok: false,
      fix: expect.stringContaining('apt install fuse3') as string,
    });
    expect(checks.get('addon')).toMatchObject({
      ok: false,
      fix: expect.stringContaining('build:native') as string,
    });
    expect(checks.get('addon')?.detail).toContain('/nonexistent/isodrive.node');
  });

  it('tells a missing module from a missing permission', () => {
    expect(describeDeviceFault('ENOENT').fix).toContain('modprobe fuse');
    expect(describeDeviceFault('EACCES').fix).toContain('chmod');
  });
});

describe('findProgram', () => {
  it('takes the first name that is there, and sees whether it runs as root', async () => {
    expect(await findProgram(['no-such-program', 'sh'])).toMatchObject({ isSetuidRoot: false });
    expect(await findProgram(['no-such-program'])).toBeUndefined();
  });
});
