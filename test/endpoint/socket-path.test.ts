// Where the control socket is, and when it is not to be trusted.
import { chmod, mkdtemp, rm, writeFile, chown } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSocketOwner, controlSocketPath, daemonLogPath } from '../../src/endpoint/socket-path.js';
import { needs } from '../support/needs.js';

const STRANGER = 12345;

describe('The control socket', () => {
  it('is where the option, the environment, or the runtime folder says, in this order', () => {
    const all = { ISODRIVE_SOCKET: '/a/b.sock', XDG_RUNTIME_DIR: '/run/me' };
    expect(controlSocketPath('/x/y.sock', all)).toBe('/x/y.sock');
    expect(controlSocketPath(undefined, all)).toBe('/a/b.sock');
    expect(controlSocketPath(undefined, { XDG_RUNTIME_DIR: '/run/me' })).toBe(
      '/run/me/isodrive/control.sock',
    );
  });

  it('is not where an empty variable, or a relative folder, says', () => {
    const named = { ISODRIVE_SOCKET: '', XDG_RUNTIME_DIR: '/run/me' };
    expect(controlSocketPath(undefined, named)).toBe('/run/me/isodrive/control.sock');
    for (const folder of ['', 'me']) {
      expect(controlSocketPath(undefined, { XDG_RUNTIME_DIR: folder })).toBe(
        controlSocketPath(undefined, {}),
      );
      expect(daemonLogPath({ XDG_STATE_HOME: folder })).toBe(daemonLogPath({}));
    }
  });

  it("is in a folder of the user's own without a runtime folder", () => {
    const uid = String(process.getuid?.());
    expect(controlSocketPath(undefined, {})).toMatch(
      new RegExp(`^(/run/user/${uid}/isodrive|.*/isodrive-${uid})/control\\.sock$`),
    );
  });

  it('is refused when its path is longer than a socket address', () => {
    expect(() => controlSocketPath(`/${'x'.repeat(107)}`, {})).toThrow(/has 108 bytes, expected at most 107/);
    expect(controlSocketPath(`/${'x'.repeat(106)}`, {})).toHaveLength(107);
  });
});

describe('A socket that somebody else could have put there', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-socket-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('passes while it does not exist, and in a private or a sticky folder', async () => {
    checkSocketOwner(join(folder, 'missing', 'c.sock'));
    await writeFile(join(folder, 'c.sock'), '');
    checkSocketOwner(join(folder, 'c.sock'));
    await chmod(folder, 0o1777);
    checkSocketOwner(join(folder, 'c.sock'));
  });

  it('is refused in a folder where everybody may rename', async () => {
    await chmod(folder, 0o777);
    expect(() => checkSocketOwner(join(folder, 'c.sock'))).toThrow(/mode 777, expected user/);
  });

  it("is refused when it, or its folder, is another user's", needs('root'), async () => {
    await writeFile(join(folder, 'c.sock'), '');
    await chown(join(folder, 'c.sock'), STRANGER, STRANGER);
    expect(() => checkSocketOwner(join(folder, 'c.sock'))).toThrow(/belongs to user 12345/);
    await chown(folder, STRANGER, STRANGER);
    expect(() => checkSocketOwner(join(folder, 'other.sock'))).toThrow(/belongs to user 12345/);
  });
});

describe('The log', () => {
  it('is in the state folder', () => {
    expect(daemonLogPath({ XDG_STATE_HOME: '/s' })).toBe('/s/isodrive/isodrived.log');
    expect(daemonLogPath({})).toMatch(/\/\.local\/state\/isodrive\/isodrived\.log$/);
  });
});
