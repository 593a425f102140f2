// An image of several files through the daemon: native reads from all of them, a successor that goes on with all of
// them, and what is said when one of them changes.
import { appendFile, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
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
import { hasEnded } from '../support/programs/has-ended.js';
import { waitUntil } from '../support/programs/private-isodrive.js';

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

  it('loses no read while its daemon is killed again and again, of ninety-nine files', async () => {
    const numbers = ['-a', '2', '--numeric-suffixes=1'];
    await mustRun('split', ['-n', '99', ...numbers, join(folder, 'whole'), join(folder, 'many.bin.')]);
    const image = join(folder, 'many.bin.01');
    expect(await run('mount', '--driver', 'fuse', image, mountPoint())).toMatchObject({ status: 0 });
    const loop =
      'while [ ! -e "$2" ]; do sha256sum "$1"/large "$1"/a/middle || exit 1; done | sort -u | wc -l';
    const reading = runCommand('sh', ['-c', loop, 'sh', mountPoint(), join(folder, 'stop')]);
    let pid = 0;
    for (let round = 0; round < 5; round += 1) {
      const status = JSON.parse((await run('status', '--json')).stdout.toString()) as { pid: number };
      expect(status.pid).not.toBe(pid);
      ({ pid } = status);
      process.kill(pid, 'SIGKILL');
      await waitUntil(() => hasEnded(pid));
    }
    await writeFile(join(folder, 'stop'), '');
    const read = await reading;
    expect([read.status, read.stdout.toString().trim(), read.stderr]).toEqual([0, '2', '']);
    await mustRun('diff', ['-r', tree, mountPoint()]);
    const mount = await describeMount();
    expect(mount).toMatchObject({ state: 'ok', image });
    expect(mount.beside).toHaveLength(98);
    await appendFile(join(folder, 'many.bin.99'), 'x');
    expect((await describeMount()).state).toBe('changed');
  });

  it('is not given as it was mounted once another file than the first has changed', async () => {
    await run('mount', '--driver', 'fuse', first, mountPoint());
    await appendFile(join(folder, 'game.bin.002'), 'x');
    const again = await run('mount', first);
    expect(again.status).not.toBe(0);
    expect(again.stderr).toContain('its file "game.bin.002" is changed, expected it as it was mounted');
  });

  it('is refused by isodrive index where a kernel would read other bytes than the disc has', async () => {
    const output = join(folder, 'meta.erofs');
    const raw = await run('index', first, '-o', output);
    expect([raw.status, raw.stderr]).toEqual([5, expect.stringContaining('it is no plain file') as string]);
    // What was not read is zeros in the file, and an error to a reader.
    const image = join(folder, 'sample.iso');
    const { size } = await stat(image);
    await writeFile(`${image}.map`, `0x0 + 1\n0x0 ${size - 2048} +\n${size - 2048} 2048 -\n`);
    const damaged = await run('index', image, '-o', output);
    expect([damaged.status, damaged.stderr]).toEqual([5, expect.stringContaining('no plain file') as string]);
    expect(existsSync(output)).toBe(false);
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
