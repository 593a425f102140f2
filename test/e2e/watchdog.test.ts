// The watchdog is fed while the daemon serves, which is more than that its event loop turns: the threads that take
// requests are stopped, one by one, and the loop goes on.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlClient } from '../../src/protocol/client.js';
import { waitUntil } from '../support/programs/private-isodrive.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import type { SampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const PROJECT = join(import.meta.dirname, '..', '..');
/** Microseconds within which the daemon has to give a sign of life; it gives three. */
const PERIOD = 600_000;
/** Milliseconds without one after which there is none. */
const SILENCE = (2 * PERIOD) / 1000;
const FEED = 'WATCHDOG=1';

describe('The watchdog', needs('root', 'python3', 'xorriso'), () => {
  let folder: string;
  let sample: SampleImage;
  let manager: ChildProcess;
  let said = '';

  beforeEach(async () => {
    said = '';
    folder = await mkdtemp(join(tmpdir(), 'isodrive-watchdog-'));
    sample = await makeSampleImage(folder, { 'a/file.bin': 3_000_000 });
    await mkdir(join(folder, 'mnt'));
    const socket = join(folder, 'control.sock');
    const program = [
      process.execPath,
      join(PROJECT, 'dist', 'bundle', 'isodrived.js'),
      '--socket',
      socket,
      '--log',
      join(folder, 'log'),
    ];
    const helper = join(import.meta.dirname, '..', 'support', 'programs', 'watched-daemon.py');
    manager = spawn('python3', [helper, join(folder, 'notify'), `${PERIOD}`, ...program], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, HOME: folder, XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: join(folder, 'state') },
    });
    manager.stdout!.setEncoding('utf8').on('data', (text: string) => (said += text));
    await waitUntil(() => said.includes('READY=1'), 20_000);
  });
  afterEach(async () => {
    const ended = once(manager, 'close');
    manager.stdin!.end('end\n');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });

  const feeds = (): number => said.split(FEED).length - 1;
  const waitForFeeds = async (): Promise<void> => {
    const before = feeds();
    await waitUntil(() => feeds() > before + 2);
  };
  const waitForSilence = async (): Promise<void> => {
    let count = feeds();
    let since = performance.now();
    await waitUntil(() => {
      if (feeds() !== count) since = performance.now();
      count = feeds();
      return performance.now() - since > SILENCE;
    }, 20_000);
  };

  it('is not fed while no thread takes the requests of a mount, and again once one does', async () => {
    await using client = await ControlClient.connect(join(folder, 'control.sock'));
    const directory = join(folder, 'mnt');
    await client.call('mount', { image: sample.image, directory, driver: 'fuse' });
    await waitForFeeds();
    manager.stdin!.write('freeze\n');
    await waitUntil(() => /FROZEN=[1-9]/u.test(said));
    // Nobody asks for anything: that the threads do not run is no fault that anybody could see.
    await waitForFeeds();
    const reader = promisify(execFile)('cmp', [
      join(directory, 'a/file.bin'),
      join(sample.tree, 'a/file.bin'),
    ]);
    await waitForSilence();
    manager.stdin!.write('thaw\n');
    await reader;
    await waitForFeeds();
    const { mounts } = await client.call('list', {});
    await client.call('unmount', { targets: mounts.map(({ id }) => ({ name: id, paths: [] })) });
    expect(mounts).toHaveLength(1);
  });
});
