// A disc of 99 tracks in 99 files through the daemon: its files, and a successor that goes on with all of them.
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { keeperProgram } from '../../src/protocol/start-daemon.js';
import { wrapSectors } from '../support/builders/raw-sectors.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { makeSound } from '../support/builders/sound-files.js';
import { needs } from '../support/needs.js';

const COMMAND = join(import.meta.dirname, '..', '..', 'scripts', 'isodrive');
const KEEPER = { what: 'the keeper', isThere: existsSync(keeperProgram()) };
const TRACKS = 99;

let folder: string;
let tree: string;
let env: NodeJS.ProcessEnv;

const run = (...args: string[]): Promise<CommandResult> => runCommand(COMMAND, args, { env });
const nameOf = (track: number): string => `Disc (Track ${String(track).padStart(2, '0')}).bin`;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'isodrive-sheets-')));
  const sample = await makeSampleImage(folder, { large: 3_000_000, 'a/small': 5 });
  ({ tree } = sample);
  await writeFile(join(folder, nameOf(1)), wrapSectors(await readFile(sample.image), { mode: 'mode1' }));
  let sheet = `FILE "${nameOf(1)}" BINARY\n  TRACK 01 MODE1/2352\n    INDEX 01 00:00:00\n`;
  for (let track = 2; track <= TRACKS; track += 1) {
    await writeFile(join(folder, nameOf(track)), makeSound(4, track));
    sheet += `FILE "${nameOf(track)}" BINARY\n  TRACK ${track} AUDIO\n    INDEX 01 00:00:00\n`;
  }
  await writeFile(join(folder, 'Disc.cue'), sheet);
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

describe('A disc of 99 tracks in 99 files', needs('xorriso', KEEPER), () => {
  it.each(['Disc.cue', nameOf(1)])(
    'is mounted by %s, and served on after kill -9 of the daemon',
    async (name) => {
      const mountPoint = join(folder, 'mnt');
      expect(await run('mount', '--driver', 'fuse', join(folder, name), mountPoint)).toMatchObject({
        status: 0,
      });
      await mustRun('diff', ['-r', join(tree, 'a'), join(mountPoint, 'a')]);
      const { pid } = JSON.parse((await run('status', '--json')).stdout.toString()) as { pid: number };
      const loop = 'for i in 1 2 3 4 5 6 7 8; do sha256sum < "$1"/large || exit 1; done | sort -u | wc -l';
      const reading = runCommand('sh', ['-c', loop, 'sh', mountPoint]);
      process.kill(pid, 'SIGKILL');
      const read = await reading;
      expect([read.status, read.stdout.toString().trim()]).toEqual([0, '1']);
      await mustRun('cmp', [join(tree, 'large'), join(mountPoint, 'large')]);
      const info = JSON.parse((await run('info', '--json', join(folder, name))).stdout.toString()) as {
        tracks: unknown[];
        findings: unknown[];
      };
      expect([info.tracks.length, info.findings]).toEqual([TRACKS, []]);
    },
  );
});
