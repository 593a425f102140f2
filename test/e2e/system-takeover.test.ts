// The system service is killed: its users' mounts go on, though nobody could open their images again.
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { waitUntil } from '../support/programs/private-isodrive.js';
import { SystemService } from '../support/machines/system-service.js';
import type { TestUser } from '../support/machines/system-service.js';
import { needs } from '../support/needs.js';
import { hasEnded } from '../support/programs/has-ended.js';

const ADA = 61_001;
const BOB = 61_002;

describe('A system service that is killed', needs('root'), () => {
  let service: SystemService;
  let ada: TestUser;
  let bob: TestUser;
  let image: string;

  beforeEach(async () => {
    service = await SystemService.start({ isKept: true, policy: { limits: { mounts: 1 } } });
    ada = service.user(ADA);
    bob = service.user(BOB);
    image = await ada.own(SMALL_IMAGE);
  });
  afterEach(() => service[Symbol.asyncDispose]());

  const kill = async (): Promise<void> => {
    const pid = await service.pid();
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => hasEnded(pid));
  };

  it('goes on with mounts whose images have no path any more, as their users know them', async () => {
    const directory = ada.makeDirectory();
    const { mount } = await ada.mount(image, directory);
    const release = await ada.hold(join(directory, 'COPYING'));
    rmSync(image);
    await kill();
    expect(await ada.read(join(directory, 'COPYING'))).toHaveLength(17_992);
    // Nothing of this directory was read before.
    expect(await ada.read(join(directory, 'copy', 'COPYING'))).toHaveLength(17_992);
    expect(await ada.list()).toEqual([mount.id]);
    expect(await bob.list()).toEqual([]);
    expect(await bob.unmount(mount.id)).toMatch(/No mount is called/);
    expect(await bob.read(join(directory, 'COPYING'))).toMatch(/Permission denied/);
    // It counts among what its user has.
    const other = await ada.own(SMALL_IMAGE, 'other.iso');
    await expect(ada.mount(other, ada.makeDirectory('other'))).rejects.toMatchObject({ code: 'quota' });
    await release();
    expect(await ada.unmount(mount.id)).toBeUndefined();
    expect(service.mountPoints()).toEqual([]);
  });

  it('keeps no descriptor of what has ended', async () => {
    const keeper = async (): Promise<number> => {
      const status = readFileSync(`/proc/${await service.pid()}/status`, 'utf8');
      const parent = Number(/^PPid:\s+(\d+)$/m.exec(status)![1]);
      return readdirSync(`/proc/${parent}/fd`).length;
    };
    const before = await keeper();
    const directory = ada.makeDirectory();
    for (let i = 0; i < 3; i += 1) {
      const { mount } = await ada.mount(image, directory);
      expect(await keeper()).toBe(before + 4);
      await kill();
      expect(await ada.unmount(mount.id)).toBeUndefined();
      await waitUntil(async () => (await keeper()) === before);
    }
  });

  it('takes dead mounts out of the way when nothing was kept, and only those', async () => {
    const directory = ada.makeDirectory();
    await ada.mount(image, directory);
    await bob.mount(await bob.own(SMALL_IMAGE), bob.makeDirectory());
    expect(service.mountPoints()).toHaveLength(2);
    await service.restart();
    expect(service.mountPoints()).toEqual([]);
    expect(await ada.list()).toEqual([]);
    expect((await ada.mount(image, directory)).mount.mountPoint).toBe(directory);
  });
});
