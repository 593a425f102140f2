// Daemon and keeper are killed together, under readers, and nobody has the mounts: how soon the next start has them
// back. ISODRIVE_LOST_KEEPERS=20 repeats it so often and prints how long it took.
import { statfsSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import type { MountSummary } from '../../src/protocol/messages.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import type { SampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';
import { hasEnded } from '../support/programs/has-ended.js';

const ROUNDS = Number(process.env.ISODRIVE_LOST_KEEPERS ?? 2);
const PATIENCE = 60_000 + ROUNDS * 20_000;
const READER = join(import.meta.dirname, '..', 'support', 'programs', 'patient-reader.mjs');
/** From linux/magic.h. */
const FUSE_SUPER_MAGIC = 0x65735546;
const MOUNTS = 3;
const READERS = 8;

describe('A daemon whose keeper is killed as well', needs('xorriso'), () => {
  let isodrive: PrivateIsodrive;
  let sample: SampleImage;
  let mounts: MountSummary[];

  beforeEach(async () => {
    isodrive = await PrivateIsodrive.start();
    const files: Record<string, number> = { 'large.bin': 1 << 22 };
    for (let i = 0; i < 200; i += 1) files[`directory-${i % 20}/file-${i}`] = 1 + ((i * 7919) % 20_000);
    sample = await makeSampleImage(isodrive.folder, files);
    mounts = await Promise.all(
      Array.from({ length: MOUNTS }, async (_, i) => {
        const image = join(isodrive.folder, `disc-${i}.iso`);
        await copyFile(sample.image, image);
        return isodrive.mount(image, { driver: 'fuse' });
      }),
    );
  });
  afterEach(() => isodrive[Symbol.asyncDispose]());

  /** Kills both at the same moment. */
  const kill = async (): Promise<void> => {
    await using client = await isodrive.connect();
    const { pid } = await client.call('version', {});
    const keeper = Number(/^PPid:\s+(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]);
    for (const one of [keeper, pid]) process.kill(one, 'SIGKILL');
    await waitUntil(() => hasEnded(keeper) && hasEnded(pid));
  };
  const isBack = (): boolean =>
    mounts.every(({ mountPoint }) => {
      try {
        // Nothing of it is answered from the kernel's caches.
        return statfsSync(mountPoint).type === FUSE_SUPER_MAGIC;
      } catch {
        return false;
      }
    });

  it(
    'has its mounts back with the next start, and its readers lose what was under way only',
    async () => {
      const stopFile = join(isodrive.folder, 'stop');
      const env = { ...process.env, ISODRIVE_STOP_FILE: stopFile };
      const readers = Promise.all(
        Array.from({ length: READERS }, async (_, i) => {
          const args = [READER, sample.tree, mounts[i % MOUNTS]!.mountPoint, String(i * 31)];
          const { stdout } = await mustRun(process.execPath, args, { timeout: PATIENCE, env });
          return JSON.parse(stdout.toString()) as { reads: number; lost: number };
        }),
      );
      readers.catch(() => undefined);
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        await kill();
        expect(isBack()).toBe(false);
        const start = performance.now();
        await isodrive.daemon.start();
        await waitUntil(isBack);
        times.push(performance.now() - start);
      }
      await writeFile(stopFile, '');
      const results = await readers;
      expect(results.every(({ reads }) => reads > 0)).toBe(true);
      expect(isodrive.remainingMounts()).toHaveLength(MOUNTS);
      await using client = await isodrive.connect();
      const back = (await client.call('list', {})).mounts;
      expect(back.map(({ id, mountPoint }) => [id, mountPoint]).sort()).toEqual(
        mounts.map(({ id, mountPoint }) => [id, mountPoint]).sort(),
      );
      for (const { mountPoint } of mounts) await mustRun('diff', ['-r', sample.tree, mountPoint]);
      if (process.env.ISODRIVE_LOST_KEEPERS === undefined) return;
      const sorted = times.sort((a, b) => a - b).map((time) => time.toFixed(0));
      process.stdout.write(`back after ${sorted.join(', ')} ms; ${JSON.stringify(results)}\n`);
    },
    PATIENCE,
  );
});
