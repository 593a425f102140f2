// 32 processes on one mount, and on 64 mounts at once: every byte is right, and the daemon's memory is flat afterwards.
// About ten seconds by default; ISODRIVE_STRESS_SECONDS=60 is the full length.
import { mkdir, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import type { MountSummary } from '../../src/protocol/messages.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';
import { readRestingMemory } from '../support/programs/resting-memory.js';
import type { SampleImage } from '../support/builders/sample-image.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const SECONDS = Number(process.env.ISODRIVE_STRESS_SECONDS ?? 10);
const PROCESSES = 32;
const MOUNTS = 64;
const MIB = 1024 * 1024;
/** What the garbage collector may leave behind between two looks at the same work. */
const FLAT = 12 * MIB;
const WORKER = join(import.meta.dirname, '..', 'support', 'programs', 'stress-worker.mjs');
/** What one more round may leave behind; 64 mounts that lose 100 KiB each would leave more in every round. */
const ROUND_GROWTH = 6 * MIB;
/** Rounds that are looked at: the heap is still growing to its working size in the first ones. */
const MAX_ROUNDS = 6;
const PATIENCE = (SECONDS + 60) * 1000;

interface WorkerResult {
  readonly reads: number;
  readonly bytes: number;
  readonly walks: number;
}

function sampleFiles(): Record<string, number> {
  const files: Record<string, number> = { 'large.bin': 24 * MIB, empty: 0 };
  for (let i = 0; i < 600; i += 1) files[`directory-${i % 40}/below/file-${i}`] = 1 + ((i * 7919) % 20_000);
  return files;
}

describe('Under the load of 32 processes', needs('xorriso'), () => {
  let isodrive: PrivateIsodrive;
  let pid: number;
  let sample: SampleImage;

  beforeAll(async () => {
    isodrive = await PrivateIsodrive.start();
    ({ pid } = await isodrive.daemon.status());
    sample = await makeSampleImage(isodrive.folder, sampleFiles());
  });
  afterEach(async () => {
    expect(isodrive.remainingMounts()).toEqual([]);
    expect(await isodrive.daemon.status()).toMatchObject({ pid, mounts: [] });
  });
  afterAll(() => isodrive[Symbol.asyncDispose]());

  /** Runs all processes; rejects when one of them saw a wrong byte or hung. */
  const load = async (seconds: number, mounts: readonly string[]): Promise<WorkerResult[]> => {
    const workers = Array.from({ length: PROCESSES }, async (_, worker) => {
      const args = [WORKER, `${seconds}`, `${worker + 1}`, sample.tree, ...mounts];
      const { stdout } = await mustRun(process.execPath, args, { timeout: PATIENCE });
      return JSON.parse(stdout.toString()) as WorkerResult;
    });
    const results = await Promise.all(workers);
    for (const { walks, reads } of results) {
      expect(walks).toBeGreaterThan(0);
      expect(reads).toBeGreaterThan(0);
    }
    return results;
  };

  const mountAll = async (): Promise<MountSummary[]> => {
    const folder = join(isodrive.folder, 'copies');
    await mkdir(folder, { recursive: true });
    return Promise.all(
      Array.from({ length: MOUNTS }, async (_, i) => {
        const image = join(folder, `disc-${i}.iso`);
        await copyFile(sample.image, image);
        return isodrive.mount(image, { driver: 'fuse' });
      }),
    );
  };

  it(
    'one mount shows every byte right and the daemon stays as small as it was',
    async () => {
      const mount = await isodrive.mount(sample.image, { driver: 'fuse' });
      await load(1, [mount.mountPoint]);
      const before = await readRestingMemory(pid);
      await load(SECONDS, [mount.mountPoint]);
      expect((await readRestingMemory(pid)) - before).toBeLessThan(FLAT);
      await isodrive.unmount(mount.id);
    },
    PATIENCE * 2,
  );

  it(
    '64 mounts show every byte right, and give their memory back',
    async () => {
      const growths: number[] = [];
      for (let last = -Infinity; !growths.some((growth) => growth < ROUND_GROWTH);) {
        // A round of the full length first; what is lost with a mount is lost in a short one as well.
        const seconds = last === -Infinity ? SECONDS : 1;
        const mounts = await mountAll();
        expect(new Set(mounts.map(({ id }) => id)).size).toBe(MOUNTS);
        await load(
          seconds,
          mounts.map(({ mountPoint }) => mountPoint),
        );
        await isodrive.unmount(...mounts.map(({ id }) => id));
        const now = await readRestingMemory(pid);
        if (last !== -Infinity) growths.push(now - last);
        expect(growths.length, `growth in bytes with each round: ${growths.join(' ')}`).toBeLessThan(
          MAX_ROUNDS,
        );
        last = now;
      }
    },
    PATIENCE * 6,
  );
});
