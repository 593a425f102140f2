// Whom the policy gives what, and which files are no policy.
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identifyCaller, requireRoot, sees } from '../../../daemon/users/caller.js';
import { Policy, loadPolicy } from '../../../daemon/users/policy.js';

const peer = (uid: number, gid = uid, groups: number[] = []) => ({ pid: 1, uid, gid, groups });

describe('A policy', () => {
  it('is safe where nothing is said', () => {
    const policy = new Policy();
    expect(policy.limitsOf(peer(1000))).toMatchObject({ mounts: 16, allowOther: false });
    expect(policy.isAdministrator(peer(1000, 0, [0]))).toBe(false);
    expect(policy.isAdministrator(peer(0))).toBe(true);
  });

  it('takes the first rule that names a user or one of their groups, and its own limits for the rest', () => {
    const policy = new Policy({
      administrators: 50,
      limits: { mounts: 2, requests: 3 },
      rules: [
        { user: 1000, mounts: 7 },
        { group: 60, allowOther: true },
        { user: 1001, mounts: 9 },
      ],
    });
    expect(policy.limitsOf(peer(1000, 60))).toMatchObject({ mounts: 7, requests: 3, allowOther: false });
    expect(policy.limitsOf(peer(1001, 5, [60]))).toMatchObject({ mounts: 2, allowOther: true });
    expect(policy.limitsOf(peer(1001, 5))).toMatchObject({ mounts: 9, allowOther: false });
    expect(policy.isAdministrator(peer(1002, 5, [50]))).toBe(true);
  });

  it('finds names of users and groups, and refuses those that nobody has', () => {
    expect(new Policy({ administrators: 'root' }).isAdministrator(peer(5, 0))).toBe(true);
    expect(() => new Policy({ rules: [{ user: 'nobody-by-this-name', mounts: 1 }] })).toThrow(
      /expected one in/,
    );
  });

  it.each([
    ['an unknown word', { limit: {} }],
    ['an unknown limit', { limits: { mount: 1 } }],
    ['more mounts than there can be', { limits: { mounts: 1025 } }],
    ['messages too small to say anything', { limits: { messageBytes: 4095 } }],
    ['no connections', { limits: { connections: 0 } }],
    ['a rule for nobody', { rules: [{ mounts: 1 }] }],
    ['a rule for two', { rules: [{ user: 1, group: 1 }] }],
    ['too many rules', { rules: Array.from({ length: 257 }, (_, i) => ({ user: i, mounts: 1 })) }],
    ['a list', []],
  ])('is refused with %s', (_, table) => {
    expect(() => new Policy(table)).toThrow(expect.objectContaining({ code: 'policy' }) as Error);
  });

  it('takes as many rules as it may have', () => {
    const rules = Array.from({ length: 256 }, (_, i) => ({ user: i, mounts: 1024, messageBytes: 4096 }));
    expect(new Policy({ rules }).limitsOf(peer(255))).toMatchObject({ mounts: 1024, messageBytes: 4096 });
  });
});

describe('A policy file', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-policy-'));
    path = join(folder, 'policy.json');
    await writeFile(path, '{"limits":{"mounts":5}}', { mode: 0o644 });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is read when nobody else can have written it', () => {
    expect(loadPolicy(path).limitsOf(peer(1000)).mounts).toBe(5);
  });

  it.each([
    ['others may write it', () => chmod(path, 0o646)],
    ['others may exchange it', () => chmod(folder, 0o777)],
    ['it is no JSON', () => writeFile(path, '{')],
    ['it is too large', () => writeFile(path, ' '.repeat(256 * 1024 + 1))],
    ['it is not there, and was named', () => rm(path)],
    [
      'it is a link',
      async () => {
        await rm(path);
        await symlink('/dev/null', path);
      },
    ],
  ])('is refused when %s', async (_, spoil) => {
    await spoil();
    expect(() => loadPolicy(path)).toThrow(expect.objectContaining({ code: 'policy' }) as Error);
  });
});

describe('A caller', () => {
  const policy = new Policy({ administrators: 50 });
  it('sees their own mounts, administrators and the daemon of one user all', () => {
    const ada = identifyCaller(peer(1000), policy);
    expect([
      sees(ada, { uid: 1000, gid: 5 }),
      sees(ada, { uid: 1001, gid: 1000 }),
      sees(ada, undefined),
    ]).toEqual([true, false, false]);
    expect(sees(identifyCaller(peer(1001, 50), policy), { uid: 1000, gid: 5 })).toBe(true);
    expect(sees(undefined, undefined)).toBe(true);
  });

  it('ends the service only as root', () => {
    expect(() => requireRoot(identifyCaller(peer(1001, 50), policy))).toThrow(/expected root/);
    requireRoot(identifyCaller(peer(0), policy));
    requireRoot(undefined);
  });
});
