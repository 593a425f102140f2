// The driver that has the kernel mount EROFS, where the kernel's own word on a mount is missing or spelt otherwise.
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import { openImage } from '../../../src/image/open-image.js';
import { ErofsDriver } from '../../../src/mount/erofs/erofs-driver.js';
import { LocalImage } from '../../../src/mount/local-image.js';
import { readMountTable } from '../../../src/mount/mount-table.js';
import { SMALL_IMAGE } from '../../support/programs/daemon-process.js';
import { has, needs } from '../../support/needs.js';

const WITHOUT_SYSFS = join(import.meta.dirname, '..', '..', 'support', 'programs', 'erofs-without-sysfs.mjs');

let folder = '';
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'isodrive-erofs-')));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const probeFolder = await mkdtemp(join(tmpdir(), 'isodrive-erofs-probe-'));
const isAvailable =
  has('loop devices') &&
  (await new ErofsDriver({ folder: probeFolder, backings: ['loop'] }).check()).available;
await rm(probeFolder, { recursive: true });
const needsLoops = needs('root', 'loop devices', { what: 'EROFS on loop devices', isThere: isAvailable });

describe('Driver erofs, by loop devices', needsLoops, () => {
  it('leaves no mount behind where /sys is missing, and says that it needs it', async () => {
    const script = ['--mount', process.execPath, WITHOUT_SYSFS, SMALL_IMAGE, folder];
    const said: unknown = JSON.parse((await mustRun('unshare', script)).stdout.toString());
    expect(said).toEqual({
      before: { available: true },
      refusal: expect.stringContaining('is not in the mount table') as unknown,
      after: expect.objectContaining({
        available: false,
        reason: expect.stringContaining('for which a loop device needs /sys') as unknown,
      }) as unknown,
      stay: [],
    });
  });

  it('finds its mount where a symlink leads to its folder, also for the next daemon', async () => {
    await mkdir(join(folder, 'there'));
    await mkdir(join(folder, 'disc'));
    await symlink('there', join(folder, 'link'));
    const driver = new ErofsDriver({ folder: join(folder, 'link'), backings: ['loop'] });
    await using opened = await openImage(SMALL_IMAGE, { memory: driver.createMemory() });
    const mount = await driver.mount({
      image: new LocalImage(opened),
      directory: join(folder, 'disc'),
      sourceName: SMALL_IMAGE,
      label: '',
      allowOther: false,
    });
    try {
      const [metadata] = await driver.folder.list();
      expect((await driver.adopt(metadata!))?.directory).toBe(mount.directory);
    } finally {
      await mount.unmount({ lazy: false });
    }
    expect(readMountTable().filter(({ directory }) => directory.startsWith(folder))).toEqual([]);
  });
});
