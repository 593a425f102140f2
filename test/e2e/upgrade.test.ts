// An upgrade by the command of another installation: its own daemon takes over, and what is mounted stays.
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { keeperProgram } from '../../src/protocol/start-daemon.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { needs } from '../support/needs.js';

const PROJECT = join(import.meta.dirname, '..', '..');
const NEWER = '9.9.9';
const KEEPER = { what: 'the keeper', isThere: existsSync(keeperProgram()) };

let folder: string;
let env: NodeJS.ProcessEnv;

/** The command of an installation. */
const run = (project: string, ...args: string[]): Promise<CommandResult> =>
  runCommand(process.execPath, [join(project, 'dist', 'src', 'cli', 'main.js'), ...args], { env });

async function installNewer(): Promise<string> {
  const project = join(folder, 'newer version');
  await mkdir(project);
  await cp(join(PROJECT, 'dist'), join(project, 'dist'), { recursive: true });
  await cp(join(PROJECT, 'build', 'release'), join(project, 'build', 'release'), { recursive: true });
  await symlink(join(PROJECT, 'node_modules'), join(project, 'node_modules'));
  const facts = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as object;
  await writeFile(join(project, 'package.json'), JSON.stringify({ ...facts, version: NEWER }));
  return project;
}

describe('daemon upgrade of another installation', needs(KEEPER), () => {
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'isodrive-upgrade-')));
    await mkdir(join(folder, 'run'), { mode: 0o700 });
    env = {
      ...process.env,
      HOME: folder,
      XDG_STATE_HOME: join(folder, 'state'),
      ISODRIVE_SOCKET: join(folder, 'run', 'control.sock'),
    };
  });
  afterEach(async () => {
    await run(PROJECT, 'unmount', '--all', '--lazy');
    await run(PROJECT, 'daemon', 'stop', '--force');
    await rm(folder, { recursive: true, force: true });
  });

  it('has its own daemon take over, also after a death of it, and tells of an older one before', async () => {
    const newer = await installNewer();
    const mounted = await run(PROJECT, 'mount', '--driver', 'fuse', SMALL_IMAGE);
    const point = mounted.stdout.toString().trim();
    expect((await run(newer, 'status')).stderr).toContain(`is older than this isodrive, ${NEWER}`);
    expect((await run(newer, 'mount', SMALL_IMAGE)).stderr).toContain('run isodrive daemon upgrade');
    const upgraded = await run(newer, 'daemon', 'upgrade', '--json');
    expect(upgraded).toMatchObject({ status: 0, stderr: '' });
    const { version, pid } = JSON.parse(upgraded.stdout.toString()) as { version: string; pid: number };
    expect(version).toBe(NEWER);
    expect((await runCommand('ls', [point])).status).toBe(0);
    process.kill(pid, 'SIGKILL');
    expect((await run(newer, 'list')).stdout.toString()).toContain(point);
    expect((await run(newer, 'status')).stdout.toString()).toContain(`isodrived ${NEWER}`);
  });

  it('keeps the old daemon where the new one does not start, and says so', async () => {
    const newer = await installNewer();
    const mounted = await run(PROJECT, 'mount', '--driver', 'fuse', SMALL_IMAGE);
    await writeFile(join(newer, 'dist', 'bundle', 'isodrived.js'), 'process.exit(3);\n');
    const { status, stderr } = await run(newer, 'daemon', 'upgrade');
    expect(status).toBe(5);
    expect(stderr).toContain(`has taken over, expected ${NEWER} of this command`);
    expect((await runCommand('ls', [mounted.stdout.toString().trim()])).status).toBe(0);
  });
});
