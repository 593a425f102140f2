// The units as systemd itself judges them.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../../scripts/support/run-command.js';
import { needs } from '../support/needs.js';

const UNITS = join(import.meta.dirname, '..', '..', 'systemd');
/** Directives that give the service a mount namespace: its mounts would be its own. */
const NAMESPACED =
  /^(Protect(System|Home|Proc|Kernel|Control|Hostname|Clock)|Private|ReadOnlyPaths|InaccessiblePaths|TemporaryFileSystem|BindPaths|MountFlags|RootDirectory)\w*=/mu;
/** Directives that set NoNewPrivileges for a user's service: the setuid fusermount3 would lose its root. */
const UNPRIVILEGED =
  /^(NoNewPrivileges|SystemCallFilter|Restrict\w+|LockPersonality|MemoryDenyWriteExecute)=/mu;

describe('The systemd units', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-units-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Copies of both units whose program exists on this machine. */
  const copyUnits = (kind: string): Promise<string[]> =>
    Promise.all(
      ['isodrived.service', 'isodrived.socket'].map(async (name) => {
        const text = await readFile(join(UNITS, kind, name), 'utf8');
        const path = join(folder, name);
        await writeFile(path, text.replace(/^ExecStart=\S+/mu, 'ExecStart=/bin/true'));
        return path;
      }),
    );

  it.each([
    ['user', ['--user']],
    ['system', []],
  ])('of the %s are understood, every line of them', needs('systemd-analyze'), async (kind, flags) => {
    const units = await copyUnits(kind);
    const env = { ...process.env, XDG_RUNTIME_DIR: folder };
    const result = await runCommand('systemd-analyze', [...flags, 'verify', '--man=no', ...units], { env });
    expect(result).toMatchObject({ status: 0, stderr: '' });
  });

  // Tenths, as systemd-analyze takes them. What is left out, and why, is in docs/design/takeover.md.
  it.each([
    ['user', 94],
    ['system', 40],
  ])('of the %s are exposed no more than %i tenths', needs('systemd-analyze'), async (kind, tenths) => {
    const [service] = await copyUnits(kind);
    const limits = ['security', '--offline=true', '--no-pager', `--threshold=${tenths}`, service!];
    const { status, stdout } = await runCommand('systemd-analyze', limits);
    expect([status, stdout.toString().trimEnd().split('\n').at(-1)]).toEqual([0, expect.any(String)]);
  });

  it.each(['user', 'system'])('of the %s have no directive that would hide the mounts', async (kind) => {
    const text = await readFile(join(UNITS, kind, 'isodrived.service'), 'utf8');
    expect(text).not.toMatch(NAMESPACED);
    if (kind === 'user') expect(text).not.toMatch(UNPRIVILEGED);
  });
});
