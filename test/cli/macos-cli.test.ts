// The command line where the addon for Linux is not, on a system that says that it is macOS: what runs without, and
// what the others say.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import { needs } from '../support/needs.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');
/** Runs before all else, in the daemon too. */
const PRELOADED = "Object.defineProperty(process, 'platform', { value: 'darwin' });";

describe('On macOS', needs('xorriso'), () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-darwin-'));
    await mkdir(join(folder, 'tree'));
    await writeFile(join(folder, 'tree', 'a.txt'), 'disc');
    await writeFile(join(folder, 'darwin.mjs'), PRELOADED);
    const image = join(folder, 'd.iso');
    await mustRun('xorriso', ['-as', 'mkisofs', '-quiet', '-R', '-o', image, join(folder, 'tree')]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  function run(...args: string[]): Promise<CommandResult> {
    const env = {
      ...process.env,
      HOME: folder,
      XDG_STATE_HOME: join(folder, 'state'),
      ISODRIVE_ADDON: join(folder, 'none.node'),
      ISODRIVE_SOCKET: join(folder, 'run', 'control.sock'),
      NODE_OPTIONS: `--import ${join(folder, 'darwin.mjs')}`,
    };
    return runCommand(process.execPath, [MAIN, ...args], { env, cwd: folder });
  }

  it.each([
    [['info', 'd.iso'], /Format: +iso/],
    [['ls', 'd.iso'], /a\.txt/],
    [['cat', 'd.iso', '/a.txt'], /^disc$/],
    [['verify', 'd.iso'], /ok +directories/, 11],
    [['checksum', 'd.iso'], /^[0-9a-f]{64} /],
    [['compare', 'd.iso', 'd.iso'], /same/],
    [['create', 'd.iso', 'copy.iso'], /all sectors read/],
    [['drives'], /^$/],
    [['list'], /^$/],
  ])('%j runs', async (args, expected, exit = 0) => {
    const { status, stdout, stderr } = await run(...args);
    expect({ status, stderr }).toMatchObject({ status: exit });
    expect(stdout.toString()).toMatch(expected);
  });

  it('extract runs', async () => {
    expect(await run('extract', 'd.iso', '-C', 'out')).toMatchObject({ status: 0 });
    expect(await readFile(join(folder, 'out', 'a.txt'), 'utf8')).toBe('disc');
  });

  it.each([
    [['mount', 'd.iso'], 'Cannot mount on macOS'],
    [['run', 'd.iso', '--', 'true'], 'Cannot mount on macOS'],
    [['drive', 'serve', 'd.iso', '--loop'], 'Cannot attach loop devices: the addon for Linux was not built'],
  ])('%j says what it lacks', async (args, expected) => {
    const { status, stderr } = await run(...args);
    expect(status).toBe(5);
    expect(stderr).toContain(expected);
    expect(stderr).toContain('hint: ');
  });
});
