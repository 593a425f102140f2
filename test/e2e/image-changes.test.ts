// The image's file changes under the mount: truncated, replaced, deleted or written to. Reads that can still succeed
// do, the others fail at once, the daemon says what happened, and the mount can be ended.
import { appendFile, copyFile, rename, rm, truncate, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { DRIVER_NAMES } from '../../src/options/driver-names.js';
import type { MountSummary } from '../../src/protocol/messages.js';
import { expectFailure } from '../support/judges/command-failure.js';
import { listTree } from '../support/programs/list-tree.js';
import type { ManifestEntry } from '../support/judges/manifest.js';
import { compareEntries } from '../support/judges/manifest.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';
import type { SampleImage } from '../support/builders/sample-image.js';
import { findExtent, makeSampleImage } from '../support/builders/sample-image.js';
import { DRIVER_NEEDS, needs } from '../support/needs.js';

const NO_HANG = 20_000;
const UNREADABLE = /^read-error:EIO@/;
const FILES = { 'early/first.bin': 300_000, 'late/last.bin': 2_000_000 };

for (const driver of DRIVER_NAMES) {
  const needed = needs('xorriso', 'isoinfo', ...DRIVER_NEEDS[driver]);
  describe(`An image that changes while driver ${driver} shows it`, needed, () => {
    let isodrive: PrivateIsodrive;
    let pid: number;
    let sample: SampleImage;
    let image: string;
    let tree: readonly ManifestEntry[];
    let mount: MountSummary;

    beforeAll(async () => {
      isodrive = await PrivateIsodrive.start();
      ({ pid } = await isodrive.daemon.status());
      sample = await makeSampleImage(isodrive.folder, FILES);
      const untouched = await isodrive.mount(sample.image, { driver });
      tree = await listTree(untouched.mountPoint);
      await isodrive.unmount(untouched.id);
      image = join(isodrive.folder, 'changing.iso');
    });
    beforeEach(async () => {
      await copyFile(sample.image, image);
      mount = await isodrive.mount(image, { driver });
      // Directories that nobody has listed are not read from an image that has changed.
      await mustRun('find', [mount.mountPoint], { timeout: NO_HANG });
    });
    afterEach(async () => {
      await isodrive.unmount(mount.id);
      expect(isodrive.remainingMounts()).toEqual([]);
      expect(await isodrive.daemon.status()).toMatchObject({ pid, mounts: [] });
    });
    afterAll(() => isodrive[Symbol.asyncDispose]());

    const state = async (): Promise<string> => {
      await using client = await isodrive.connect();
      return (await client.call('list', {})).mounts[0]!.state;
    };
    const mountAgain = async (): Promise<ReturnType<typeof expectFailure>> => {
      const args = ['mount', image, await isodrive.makeDirectory(), '--json'];
      return expectFailure(await isodrive.daemon.run(args, { timeout: NO_HANG }));
    };
    const readMounted = (): Promise<readonly ManifestEntry[]> =>
      listTree(mount.mountPoint, { timeout: NO_HANG });
    const expectWhole = (found: readonly ManifestEntry[]): void => {
      expect(compareEntries(tree, found, { attributes: true })).toEqual([]);
    };

    it('fails beyond the new end when it is truncated, and shows the rest as before', async () => {
      await truncate(image, (await findExtent(sample.image, '/late/last.bin')) + 1_000_000);
      const found = await readMounted();
      const last = found.find(({ path }) => path === '/late/last.bin');
      expect(last?.fault).toMatch(UNREADABLE);
      expectWhole([
        ...found.filter((entry) => entry !== last),
        ...tree.filter(({ path }) => path === last?.path),
      ]);
      expect(await state()).toBe('truncated');
      const failure = await mountAgain();
      expect(failure).toMatchObject({ code: 'image-changed', exit: 12 });
      expect(failure.message).toMatch(/expected \d+ bytes/);
    });

    it('shows what it had before when it is truncated to nothing after everything was read', async () => {
      expectWhole(await readMounted());
      await truncate(image, 0);
      const names = (await readMounted()).map(({ path }) => path);
      expect(names).toEqual(tree.map(({ path }) => path));
      expect(await state()).toBe('truncated');
    });

    it('shows the old content when another file takes its place', async () => {
      const other = join(isodrive.folder, 'other.iso');
      await copyFile(sample.image, other);
      await appendFile(other, Buffer.alloc(2048));
      await rename(other, image);
      expectWhole(await readMounted());
      expect(await state()).toBe('replaced');
    });

    it('shows the old content when it is deleted', async () => {
      await rm(image);
      expectWhole(await readMounted());
      expect(await state()).toBe('deleted');
      expect(await mountAgain()).toMatchObject({ code: 'image-not-found', exit: 3 });
    });

    it('is reported as changed when it is written to', async () => {
      await utimes(image, 1, 1);
      expect(await state()).toBe('changed');
      expect(await mountAgain()).toMatchObject({ code: 'image-changed', exit: 12 });
      expectWhole(await readMounted());
    });
  });
}
