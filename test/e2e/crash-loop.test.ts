// A thread that works for one mount crashes the whole daemon, with a signal of a fault (SIGSEGV) sent to that very
// thread: once or twice costs everybody a pause; a mount that does so again and again is left out.
import { readFileSync, readdirSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_CRASHES } from '../../daemon/mounts/quarantined-mount.js';
import { mustRun } from '../../scripts/support/run-command.js';
import type { MountSummary } from '../../src/protocol/messages.js';
import { findMount, readMountTable } from '../../src/mount/mount-table.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';
import { needs } from '../support/needs.js';

const READER = join(import.meta.dirname, '..', 'support', 'programs', 'patient-reader.mjs');
/** tgkill(2): a signal to one thread of another process. */
const SEND = 'import ctypes, sys; ctypes.CDLL(None).tgkill(*map(int, sys.argv[1:]))';
const SIGSEGV = '11';

describe('A mount whose threads crash the daemon', needs('python3'), () => {
  let isodrive: PrivateIsodrive;
  let harmless: MountSummary;
  let hostile: MountSummary;

  beforeEach(async () => {
    isodrive = await PrivateIsodrive.start();
    const [first, second] = [join(isodrive.folder, 'harmless.iso'), join(isodrive.folder, 'hostile.iso')];
    for (const image of [first, second]) await copyFile(SMALL_IMAGE, image);
    harmless = await isodrive.mount(first, { driver: 'fuse' });
    hostile = await isodrive.mount(second, { driver: 'fuse' });
  });
  afterEach(() => isodrive[Symbol.asyncDispose]());

  const list = async (): Promise<readonly MountSummary[]> => {
    await using client = await isodrive.connect();
    return (await client.call('list', {}, { deadline: 20_000 })).mounts;
  };
  const pid = async (): Promise<number> => {
    await using client = await isodrive.connect();
    return (await client.call('version', {}, { deadline: 20_000 })).pid;
  };
  const threadOf = (process: number, { mountPoint }: MountSummary): string | undefined => {
    const name = `fuse-${findMount(readMountTable(), mountPoint)?.device ?? ''}`;
    const tasks = `/proc/${process}/task`;
    return readdirSync(tasks).find((one) => {
      try {
        return readFileSync(join(tasks, one, 'comm'), 'utf8').trim() === name;
      } catch {
        // Gone since it was listed: threads come and go.
        return false;
      }
    });
  };
  /** Crashes the daemon, and waits for the next. */
  const crash = async (mount: MountSummary): Promise<void> => {
    const before = await pid();
    await waitUntil(() => threadOf(before, mount) !== undefined);
    await mustRun('python3', ['-c', SEND, String(before), threadOf(before, mount)!, SIGSEGV]);
    await waitUntil(async () => (await pid().catch(() => before)) !== before, 20_000);
  };
  /** Reads the harmless mount without end; the function given ends that, and gives what went wrong. */
  const startReader = async (): Promise<() => Promise<{ reads: number; lost: number }>> => {
    const reference = await isodrive.makeDirectory('reference-');
    await writeFile(join(reference, 'COPYING'), await readFile(join(harmless.mountPoint, 'COPYING')));
    const stopFile = join(isodrive.folder, 'stop');
    const env = { ...process.env, ISODRIVE_STOP_FILE: stopFile };
    const args = [READER, reference, harmless.mountPoint, '0'];
    const run = mustRun(process.execPath, args, { env, timeout: 120_000 });
    run.catch(() => undefined);
    return async () => {
      await writeFile(stopFile, '');
      return JSON.parse((await run).stdout.toString()) as { reads: number; lost: number };
    };
  };

  it('goes on after a crash, and is left out when it happens again and again, while others see no error', async () => {
    const stop = await startReader();
    for (let crashes = 1; crashes < MAX_CRASHES; crashes += 1) {
      await crash(hostile);
      expect((await list()).map(({ state }) => state)).toEqual(['ok', 'ok']);
      expect(await readFile(join(hostile.mountPoint, 'COPYING'))).toHaveLength(17_992);
    }
    await crash(hostile);
    const [kept, left] = [harmless, hostile].map(({ id }) => id);
    const states = Object.fromEntries((await list()).map(({ id, state }) => [id, state]));
    expect(states).toEqual({ [kept!]: 'ok', [left!]: 'crashed' });
    expect(isodrive.remainingMounts()).toEqual([harmless.mountPoint]);
    const { reads, lost } = await stop();
    expect({ lost, hasRead: reads > 0 }).toEqual({ lost: 0, hasRead: true });

    // The next daemon leaves it out as well, and one that nobody has mounted yet is nobody's neighbour.
    const before = await pid();
    process.kill(before, 'SIGKILL');
    await waitUntil(async () => (await pid().catch(() => before)) !== before, 20_000);
    expect((await list()).find(({ id }) => id === left)).toMatchObject({ state: 'crashed', findings: 1 });
    expect(await isodrive.daemon.must('status')).toMatch(/crashed/u);

    const again = await isodrive.mount(hostile.image, { driver: 'fuse' });
    expect(again.state).toBe('ok');
    await isodrive.daemon.must('unmount', left!);
    expect((await list()).map(({ id }) => id).sort()).toEqual([again.id, kept].sort());
  }, 120_000);

  it('stays when others have crashed it', async () => {
    for (let crashes = 0; crashes < MAX_CRASHES; crashes += 1) {
      const before = await pid();
      // The main thread works for no mount.
      process.kill(before, 'SIGSEGV');
      await waitUntil(async () => (await pid().catch(() => before)) !== before, 20_000);
    }
    expect((await list()).map(({ state }) => state)).toEqual(['ok', 'ok']);
  }, 60_000);
});
