// The daemon is killed again and again under its users: none of them sees more than a pause. Also what comes back when
// its keeper is killed too, and a hand-over on purpose. ISODRIVE_CHAOS_KILLS=1000 (npm run test:chaos) is the full
// length.
import { copyFile, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PseudoRandom } from '../../scripts/support/pseudo-random.js';
import { mustRun } from '../../scripts/support/run-command.js';
import type { MountParams, MountSummary } from '../../src/protocol/messages.js';
import { openImageFile } from '../../src/source/open-image-file.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';
import { readRestingMemory } from '../support/programs/resting-memory.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import type { SampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';
import { hasEnded } from '../support/programs/has-ended.js';

const KILLS = Number(process.env.ISODRIVE_CHAOS_KILLS ?? 12);
/** Milliseconds that a daemon lives at most before it is killed; some are killed while they start. */
const LONGEST_LIFE = 400;
const PATIENCE = 120_000 + KILLS * 6000;
const MIB = 1024 * 1024;
const SECTOR = 2048;
/** What the collector may leave between two daemons that did the same work. */
const FLAT = 16 * MIB;
/** The keeper lives through all kills and collects nothing. */
const KEEPER_FLAT = MIB;
/** What a reader that is started ahead has open: it may be there or not yet when the daemon is looked at. */
const SPARE_DESCRIPTORS = 8;
const SUPPORT = join(import.meta.dirname, '..', 'support');
const READERS = 5;
const MAPPERS = 3;
const MOUNTS = 3;
/** Times that sha256sum reads the large file of each mount, and upgrades meanwhile. */
const SUMS = 12;
const UPGRADES = 3;

/** A map that calls the last sector unread, which is padding: a read plan with a segment that is absent. */
async function mapAllButTheEnd(image: string): Promise<string> {
  const map = `${image}.unread-end.map`;
  const end = (await stat(image)).size - SECTOR;
  await writeFile(
    map,
    `0x0 + 1\n0x0 0x${end.toString(16)} +\n0x${end.toString(16)} 0x${SECTOR.toString(16)} -\n`,
  );
  const { source } = await openImageFile(image, map);
  expect(source.base?.absent).toEqual([{ position: end, size: SECTOR }]);
  await source[Symbol.asyncDispose]();
  return map;
}

describe('A daemon that is killed', needs('xorriso'), () => {
  let isodrive: PrivateIsodrive;
  let sample: SampleImage;
  let mounts: MountSummary[];

  beforeEach(async () => {
    isodrive = await PrivateIsodrive.start();
    const files: Record<string, number> = { 'large.bin': 24 * MIB };
    for (let i = 0; i < 400; i += 1) files[`directory-${i % 60}/below/file-${i}`] = 1 + ((i * 7919) % 20_000);
    sample = await makeSampleImage(isodrive.folder, files);
    const map = await mapAllButTheEnd(sample.image);
    mounts = await Promise.all(
      Array.from({ length: MOUNTS }, async (_, i) => {
        const image = join(isodrive.folder, `disc-${i}.iso`);
        await copyFile(sample.image, image);
        // The kernel serves mounts of the driver erofs, which no daemon can disturb. With the map, JavaScript reads.
        return isodrive.mount(image, { driver: 'fuse', ...(i === 0 ? { map } : {}) });
      }),
    );
  });
  afterEach(() => isodrive[Symbol.asyncDispose]());

  const daemonPid = async (): Promise<number> => {
    await using client = await isodrive.connect();
    return (await client.call('version', {}, { deadline: 20_000 })).pid;
  };
  const kill = async (): Promise<void> => {
    const pid = await daemonPid();
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => hasEnded(pid));
  };
  const keeperPid = async (): Promise<number> => {
    const status = await readFile(`/proc/${await daemonPid()}/status`, 'utf8');
    return Number(/^PPid:\s+(\d+)$/m.exec(status)![1]);
  };
  const descriptors = async (pid: number): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length;
  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));
  /**
   * Descriptors and memory of the keeper and of a daemon that took all mounts over, had each read, and came to
   * rest.
   */
  const lookAtSuccessor = async (): Promise<
    Record<'kept' | 'opened' | 'memory' | 'keeperMemory', number>
  > => {
    await kill();
    for (const { mountPoint } of mounts) await mustRun('diff', ['-r', sample.tree, mountPoint]);
    const [keeper, pid] = [await keeperPid(), await daemonPid()];
    const memory = await readRestingMemory(pid);
    return {
      kept: await descriptors(keeper),
      opened: await descriptors(pid),
      memory,
      keeperMemory: await readRestingMemory(keeper),
    };
  };
  /** A call that is cut off by a kill is made again, as a user would. */
  const persist = async <T>(call: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await call();
      } catch (thrown) {
        if ((thrown as { code?: string }).code !== 'daemon-unreachable') throw thrown;
      }
    }
  };
  /** Starts processes that read all mounts and compare; the function given stops them and gives what they read. */
  const startReaders = async (): Promise<() => Promise<number>> => {
    const stopFile = join(isodrive.folder, 'stop');
    const mapper = join(isodrive.folder, 'map-reader');
    await mustRun(process.env.CXX ?? 'c++', [
      '-O2',
      '-std=c++20',
      '-o',
      mapper,
      join(SUPPORT, 'programs', 'map-reader.cc'),
    ]);
    const env = { ...process.env, ISODRIVE_STOP_FILE: stopFile };
    const points = mounts.map(({ mountPoint }) => mountPoint);
    const run = async (program: string, args: readonly string[]): Promise<number> => {
      const { stdout } = await mustRun(program, args, { timeout: PATIENCE, env });
      return (JSON.parse(stdout.toString()) as { reads: number }).reads;
    };
    const workers = Array.from({ length: READERS }, (_, i) =>
      run(process.execPath, [
        join(SUPPORT, 'programs', 'stress-worker.mjs'),
        '86400',
        `${i + 1}`,
        sample.tree,
        ...points,
      ]),
    );
    const large = points.map((point) => join(point, 'large.bin'));
    for (let i = 0; i < MAPPERS; i += 1)
      workers.push(run(mapper, [stopFile, join(sample.tree, 'large.bin'), ...large]));
    const all = Promise.all(workers);
    // Told when they are awaited; until then it must not end the test run.
    all.catch(() => undefined);
    return async () => {
      await writeFile(stopFile, '');
      return (await all).reduce((sum, reads) => sum + reads, 0);
    };
  };

  it(
    'costs its readers a pause and no error, and leaves neither descriptors nor memory behind',
    async () => {
      const random = new PseudoRandom(11);
      const seed = new Uint32Array(1);
      const below = (limit: number): number => {
        random.fill(seed);
        return seed[0]! % limit;
      };
      const keeper = await keeperPid();
      const before = await lookAtSuccessor();
      const stop = await startReaders();
      const params: MountParams = { image: sample.image, driver: 'fuse', new: true };
      for (let i = 1; i < KILLS; i += 1) {
        // A new mount each time, so that directories are being loaded when the daemon dies.
        const directory = await isodrive.makeDirectory();
        const fresh = await persist(async () => {
          await using client = await isodrive.connect();
          return (await client.call('mount', { ...params, directory })).mount;
        });
        const walk = mustRun('diff', ['-r', sample.tree, fresh.mountPoint], { timeout: 60_000 });
        await pause(below(LONGEST_LIFE));
        await kill();
        await walk;
        await persist(() => isodrive.unmount(fresh.id));
      }
      expect(await stop()).toBeGreaterThan(0);
      expect(await keeperPid()).toBe(keeper);
      const after = await lookAtSuccessor();
      expect(after.kept).toBe(before.kept);
      expect(after.opened).toBeLessThanOrEqual(before.opened + SPARE_DESCRIPTORS);
      expect(after.memory - before.memory).toBeLessThan(FLAT);
      expect(after.keeperMemory - before.keeperMemory).toBeLessThan(KEEPER_FLAT);
      await using client = await isodrive.connect();
      const { mounts: left } = await client.call('list', {});
      expect(left.map(({ id }) => id).sort()).toEqual(mounts.map(({ id }) => id).sort());
    },
    PATIENCE,
  );

  it(
    'hands over to a new process under sha256sum, rsync and other readers when it is told to',
    { ...needs('rsync'), timeout: PATIENCE },
    async () => {
      const stop = await startReaders();
      const expected = await mustRun('sha256sum', [join(sample.tree, 'large.bin')]);
      const [digest] = expected.stdout.toString().split(' ');
      const points = mounts.map(({ mountPoint }) => mountPoint);
      const copies = await Promise.all(points.map(() => isodrive.makeDirectory('copy-')));
      let isRunning = true;
      const sums = mustRun(
        'sha256sum',
        Array.from({ length: SUMS }, () => points.map((point) => `${point}/large.bin`)).flat(),
        { timeout: PATIENCE },
      );
      const runs = points.map((point, i) =>
        mustRun('rsync', ['--archive', '--bwlimit=8m', `${point}/`, copies[i]!], { timeout: PATIENCE }),
      );
      const all = Promise.all([sums, ...runs]).finally(() => (isRunning = false));
      all.catch(() => undefined);
      for (let i = 0; i < UPGRADES; i += 1) {
        const before = await daemonPid();
        await isodrive.daemon.must('daemon', 'upgrade');
        expect(await daemonPid()).not.toBe(before);
      }
      // Otherwise nothing was under way, and nothing is proved.
      expect(isRunning).toBe(true);
      const [{ stdout }] = await all;
      const lines = stdout.toString().trimEnd().split('\n');
      expect(lines).toHaveLength(SUMS * MOUNTS);
      expect(lines.filter((line) => line.split(' ')[0] !== digest)).toEqual([]);
      for (const copy of copies) await mustRun('diff', ['-r', sample.tree, copy]);
      expect(await stop()).toBeGreaterThan(0);
    },
  );

  it(
    'together with its keeper has its mounts back with the next start, bind copies out of the way',
    needs('root'),
    async () => {
      const bind = await isodrive.makeDirectory('bind-');
      await mustRun('mount', ['--bind', mounts[0]!.mountPoint, bind]);
      const pids = [await keeperPid(), await daemonPid()];
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await waitUntil(() => pids.every((pid) => hasEnded(pid)));
      expect(isodrive.remainingMounts()).toHaveLength(MOUNTS + 1);
      const start = performance.now();
      await isodrive.daemon.start();
      process.stderr.write(
        `chaos: ${MOUNTS} mounts back ${(performance.now() - start).toFixed(0)} ms after a start\n`,
      );
      for (const { mountPoint } of mounts) await mustRun('diff', ['-r', sample.tree, mountPoint]);
      await using client = await isodrive.connect();
      const back = (await client.call('list', {})).mounts;
      expect(back.map(({ id, mountPoint }) => [id, mountPoint]).sort()).toEqual(
        mounts.map(({ id, mountPoint }) => [id, mountPoint]).sort(),
      );
      expect(isodrive.remainingMounts()).toHaveLength(MOUNTS);
    },
  );
});
