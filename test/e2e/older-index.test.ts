// An index that a daemon of another version has left is not misread: its mount is made again, under its old id.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { HEADER, INDEX_MAGIC, INDEX_VERSION } from '../../src/index/layout.js';
import { readMountTable } from '../../src/mount/mount-table.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import type { SampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const WORD_BYTES = 4;
/** Milliseconds in which a successor is there, on a machine that does much else. */
const PATIENCE = 20_000;

describe('A daemon with an index of another version', needs('root', 'xorriso'), () => {
  let isodrive: PrivateIsodrive;
  let sample: SampleImage;
  beforeEach(async () => {
    isodrive = await PrivateIsodrive.start();
    sample = await makeSampleImage(isodrive.folder, { 'a/file.bin': 300_000 });
  });
  afterEach(() => isodrive[Symbol.asyncDispose]());

  const daemonPid = async (): Promise<number> => {
    await using client = await isodrive.connect();
    return (await client.call('version', {}, { deadline: PATIENCE })).pid;
  };
  /** Writes another version into the memory that the keeper holds; the daemon that serves it looks no more. */
  const changeVersion = async (keeper: string, version: number): Promise<void> => {
    const folder = join('/proc', keeper, 'fd');
    for (const name of await readdir(folder)) {
      if (!(await readlink(join(folder, name))).includes('isodrive-index')) continue;
      await using file = await open(join(folder, name), 'r+');
      const header = new Uint32Array(2);
      await file.read(header, 0, header.byteLength, 0);
      expect([...header]).toEqual([INDEX_MAGIC, INDEX_VERSION]);
      await file.write(Uint32Array.of(version), 0, WORD_BYTES, HEADER.version * WORD_BYTES);
    }
  };

  it.each([INDEX_VERSION - 1, INDEX_VERSION, INDEX_VERSION + 1])(
    'goes on or mounts anew: %i',
    async (version) => {
      const mount = await isodrive.mount(sample.image, { driver: 'fuse' });
      const device = (): string | undefined =>
        readMountTable().findLast(({ directory }) => directory === mount.mountPoint)?.device;
      const before = device();
      // Somebody who stays in the old mount, so that a new one cannot have its number.
      const user = spawn('sleep', ['600'], { cwd: mount.mountPoint, stdio: 'ignore' });
      const gone = once(user, 'close');
      try {
        const pid = await daemonPid();
        const keeper = /^PPid:\s+(\d+)$/mu.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]!;
        await changeVersion(keeper, version);
        process.kill(pid, 'SIGKILL');
        await waitUntil(async () => (await daemonPid().catch(() => pid)) !== pid, PATIENCE);
        await using client = await isodrive.connect();
        const { mounts } = await client.call('list', {}, { deadline: PATIENCE });
        expect(mounts).toMatchObject([{ id: mount.id, mountPoint: mount.mountPoint, driver: 'fuse' }]);
        await mustRun('diff', ['-r', sample.tree, mount.mountPoint]);
        expect(isodrive.remainingMounts()).toEqual([mount.mountPoint]);
        expect(device() === before).toBe(version === INDEX_VERSION);
      } finally {
        user.kill();
        await gone;
      }
    },
  );
});
