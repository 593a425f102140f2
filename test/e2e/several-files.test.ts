// An image of several files through the daemon: native reads from all of them, a successor that goes on with all of
// them, and what is said when one of them changes.
import { appendFile, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import type { MountSummary } from '../../src/protocol/messages.js';
import { keeperProgram } from '../../src/protocol/start-daemon.js';
import { wrapSectors } from '../support/builders/raw-sectors.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const COMMAND = join(import.meta.dirname, '..', '..', 'scripts', 'isodrive');
const KEEPER = { what: 'the keeper', isThere: existsSync(keeperProgram()) };

let folder: string;
let tree: string;
let first: string;
let env: NodeJS.ProcessEnv;

const run = (...args: string[]): Promise<CommandResult> => runCommand(COMMAND, args, { env });

async function describeMount(): Promise<MountSummary> {
  const { stdout } = await run('list', '--json');
  const text = stdout.toString();
  const parsed = JSON.parse(text) as MountSummary | { mounts: MountSummary[] };
  return 'mounts' in parsed ? parsed.mounts[0]! : parsed;
}

/** Raw sectors in three files, which are cut within sectors. */
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'isodrive-several-')));
  const sample = await makeSampleImage(folder, { large: 5_000_000, 'a/small': 5, 'a/middle': 70_001 });
  ({ tree } = sample);
  await writeFile(join(folder, 'whole'), wrapSectors(await readFile(sample.image), { mode: 'mode1' }));
  const numbers = ['-a', '3', '--numeric-suffixes=1'];
  await mustRun('split', ['-b', '2000001', ...numbers, join(folder, 'whole'), join(folder, 'game.bin.')]);
  first = join(folder, 'game.bin.001');
  await mustRun('mkdir', ['-m', '700', join(folder, 'run'), join(folder, 'mnt')]);
  env = {
    ...process.env,
    HOME: folder,
    XDG_STATE_HOME: join(folder, 'state'),
    ISODRIVE_SOCKET: join(folder, 'run', 'control.sock'),
  };
});

afterEach(async () => {
  await run('unmount', '--all', '--lazy');
  await run('daemon', 'stop', '--force');
  await rm(folder, { recursive: true, force: true });
});

describe('An image of several files', needs('xorriso', KEEPER), () => {
  const mountPoint = (): string => join(folder, 'mnt');

  it('is read natively from all of them, and by a successor of a daemon that was killed', async () => {
    expect(await run('mount', '--driver', 'fuse', first, mountPoint())).toMatchObject({ status: 0 });
    await mustRun('diff', ['-r', tree, mountPoint()]);
    expect(await describeMount()).toMatchObject({ state: 'ok', counters: { decodedReads: 0 } });
    const { pid } = JSON.parse((await run('status', '--json')).stdout.toString()) as { pid: number };
    const loop = 'for i in 1 2 3 4 5 6 7 8 9 10; do sha256sum "$1"/large || exit 1; done | sort -u | wc -l';
    const reading = runCommand('sh', ['-c', loop, 'sh', mountPoint()]);
    process.kill(pid, 'SIGKILL');
    const read = await reading;
    expect([read.status, read.stdout.toString().trim()]).toEqual([0, '1']);
    await mustRun('diff', ['-r', tree, mountPoint()]);
    expect(await describeMount()).toMatchObject({ state: 'ok', image: first });
  });

  it('has changed when any of them has', async () => {
    await run('mount', '--driver', 'fuse', first, mountPoint());
    await mustRun('diff', ['-r', tree, mountPoint()]);
    await appendFile(join(folder, 'game.bin.002'), 'x');
    expect((await describeMount()).state).toBe('changed');
    await rm(join(folder, 'game.bin.002'));
    expect((await describeMount()).state).toBe('deleted');
  });
});
