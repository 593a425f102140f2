// The folder that a user's sockets have where there is no other place for them.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../../scripts/support/run-command.js';
import { leaveTemporaryFolder, temporaryFolder } from '../../src/base/temporary-folder.js';
import { waitUntil } from '../support/programs/private-isodrive.js';

const PROGRAM = join(import.meta.dirname, '..', '..', 'scripts', 'isodrive');

describe('The temporary folder of a user', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-temporary-'));
    vi.stubEnv('TMPDIR', folder);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  it('goes with the last who used it, and not before', async () => {
    const drives = join(temporaryFolder(), 'drives');
    await mkdir(drives, { recursive: true });
    await writeFile(join(drives, '1.sock'), '');
    leaveTemporaryFolder(drives);
    expect(await readdir(drives)).toEqual(['1.sock']);
    await rm(join(drives, '1.sock'));
    leaveTemporaryFolder(drives);
    expect(await readdir(folder)).toEqual([]);
    leaveTemporaryFolder(drives);
  });

  it('is the only one that goes: a folder that somebody chose stays', async () => {
    const chosen = join(folder, 'chosen');
    await mkdir(join(chosen, 'drives'), { recursive: true });
    leaveTemporaryFolder(join(chosen, 'drives'));
    expect(existsSync(join(chosen, 'drives'))).toBe(true);
  });

  it('is not left behind by a daemon', async () => {
    const home = await mkdtemp(join(tmpdir(), 'home-'));
    const env: NodeJS.ProcessEnv = { ...process.env, HOME: home, XDG_STATE_HOME: home };
    delete env.XDG_RUNTIME_DIR;
    delete env.ISODRIVE_SOCKET;
    for (const verb of ['start', 'stop']) {
      expect(await runCommand(PROGRAM, ['daemon', verb], { env })).toMatchObject({ status: 0 });
    }
    await rm(home, { recursive: true });
    await waitUntil(async () => (await readdir(folder)).length === 0, 10_000);
  });
});
