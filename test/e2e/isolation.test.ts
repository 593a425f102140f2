// Images that are hostile, and images on media that do not answer: they cost their own mount, and the others see
// nothing.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { copyFile, readFile, readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import type { DaemonStatus, MountSummary } from '../../src/protocol/messages.js';
import { mountBadSector } from '../support/fakes/bad-sector-mount.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';
import { findExtent, makeSampleImage } from '../support/builders/sample-image.js';
import type { SampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const SUPPORT = join(import.meta.dirname, '..', 'support');
/** Milliseconds in which the limits below must have ended a reader, however busy the machine is. */
const PATIENCE = 40_000;
/** Readers of one file: more than threads may wait for a medium. */
const MANY_READERS = 20;

describe('An image that misbehaves', needs('xorriso', 'isoinfo'), () => {
  let isodrive: PrivateIsodrive;
  let sample: SampleImage;
  let bystander: MountSummary;
  let pid: number;
  let stopReading: () => Promise<number>;

  beforeAll(async () => {
    isodrive = await PrivateIsodrive.start({
      env: {
        NODE_OPTIONS: `--import=${join(SUPPORT, 'fakes', 'hostile-reader.mjs')}`,
        ISODRIVE_READER_SECONDS: '1',
        ISODRIVE_READER_MEMORY: '64',
      },
    });
    ({ pid } = await isodrive.daemon.status());
    sample = await makeSampleImage(isodrive.folder, {
      'top/first.bin': 50_000,
      'other/second.bin': 400_000,
      'other/third.bin': 2_000_000,
    });
    bystander = await isodrive.mount(sample.image, { driver: 'fuse' });
    stopReading = startReading();
  });
  afterEach(async () => {
    const { pid: now, mounts } = await status();
    expect(now).toBe(pid);
    expect(mounts.map(({ id }) => id)).toEqual([bystander.id]);
  });
  afterAll(async () => {
    // Fails when one read of all that time was wrong or refused.
    expect(await stopReading()).toBeGreaterThan(0);
    await isodrive[Symbol.asyncDispose]();
  });

  /** A process that reads the well-behaved mount, and compares, until it is told to stop; that gives its reads. */
  const startReading = (): (() => Promise<number>) => {
    const stopFile = join(isodrive.folder, 'stop');
    const args = [
      join(SUPPORT, 'programs', 'stress-worker.mjs'),
      '86400',
      '1',
      sample.tree,
      bystander.mountPoint,
    ];
    const env = { ...process.env, ISODRIVE_STOP_FILE: stopFile };
    const reading = mustRun(process.execPath, args, { timeout: 600_000, env });
    // Told when it is awaited; until then it must not end the test run.
    reading.catch(() => undefined);
    return async () => {
      await writeFile(stopFile, '');
      return (JSON.parse((await reading).stdout.toString()) as { reads: number }).reads;
    };
  };
  const status = async (): Promise<DaemonStatus> => {
    await using client = await isodrive.connect();
    return await client.call('status', {}, { deadline: PATIENCE });
  };
  const copyImage = async (name: string): Promise<string> => {
    const image = join(isodrive.folder, name);
    await copyFile(sample.image, image);
    return image;
  };
  /** Whether the daemon has the image, or an index but the bystander's, open or mapped. */
  const holds = async (image: string): Promise<boolean> => {
    const names = await readdir(`/proc/${pid}/fd`);
    const open = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
    const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
    const indexes = maps.split('\n').filter((line) => line.includes('isodrive-index')).length;
    return open.includes(image) || maps.includes(image) || indexes > 1;
  };
  const threads = async (prefix: string): Promise<number> => {
    const tasks = await readdir(`/proc/${pid}/task`);
    const names = await Promise.all(
      tasks.map((task) => readFile(`/proc/${pid}/task/${task}/comm`, 'utf8').catch(() => '')),
    );
    return names.filter((found) => found.startsWith(prefix)).length;
  };
  const list = (path: string): Promise<string> =>
    mustRun('ls', [path], { timeout: PATIENCE }).then(({ stdout }) => stdout.toString());
  const openReaders = (path: string, count: number): ChildProcess[] =>
    Array.from({ length: count }, () =>
      spawn('dd', [`if=${path}`, 'iflag=direct', 'bs=4096', 'count=1'], { stdio: 'ignore' }),
    );

  describe.each([
    ['loops for ever', 'loop', /takes more than 1 s of processor time/],
    ['wants all memory', 'eat', /needs more than 64 MiB of memory/],
    ['crashes its reader', 'crash', /Invalid array length/],
  ])('and %s', (_, fault, words) => {
    it('while it is opened, is refused with the reason, and nothing is left of it', async () => {
      const image = await copyImage(`hostile-${fault}-open.iso`);
      await using client = await isodrive.connect();
      const directory = await isodrive.makeDirectory();
      const mounting = client.call('mount', { image, directory, driver: 'fuse' }, { deadline: PATIENCE });
      await expect(mounting).rejects.toMatchObject({
        code: 'damaged',
        message: expect.stringMatching(words) as string,
      });
      expect(await readdir(directory)).toEqual([]);
      await waitUntil(async () => !(await holds(image)));
    });

    it('later, fails for what is not loaded, shows what is, and says why', async () => {
      const mount = await isodrive.mount(await copyImage(`hostile-${fault}-prefetch.iso`), {
        driver: 'fuse',
      });
      expect(await list(mount.mountPoint)).toBe('other\ntop\n');
      expect(await list(join(mount.mountPoint, 'top'))).toBe('first.bin\n');
      await waitUntil(async () => (await status()).mounts.some(({ findings }) => findings > 0), PATIENCE);
      await expect(list(join(mount.mountPoint, 'other'))).rejects.toThrow(/Input\/output error/);
      expect(await list(join(mount.mountPoint, 'top'))).toBe('first.bin\n');
      await mustRun('cmp', [join(sample.tree, 'top/first.bin'), join(mount.mountPoint, 'top/first.bin')]);
      await isodrive.unmount(mount.id);
      await waitUntil(async () => !(await holds(mount.image)));
    });
  });

  it('is given up when its client goes', async () => {
    const image = await copyImage('hostile-loop-open.iso');
    const stop = new AbortController();
    await using client = await isodrive.connect();
    const mounting = client.call('mount', { image }, { deadline: PATIENCE, signal: stop.signal });
    setTimeout(() => stop.abort(), 300);
    await expect(mounting).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('and stops to answer keeps its own readers waiting, who can be killed, and no others', async () => {
    const place = await findExtent(sample.image, '/other/third.bin');
    await using medium = await mountBadSector(
      sample.image,
      join(isodrive.folder, 'stalls'),
      place,
      place + 2_000_000,
      'stall',
    );
    const mount = await isodrive.mount(medium.image, { driver: 'fuse' });
    await mustRun('cmp', [join(sample.tree, 'top/first.bin'), join(mount.mountPoint, 'top/first.bin')]);
    const readers = openReaders(join(mount.mountPoint, 'other/third.bin'), MANY_READERS);
    await waitUntil(async () => (await threads('fuse-')) > 12);
    expect(await list(join(mount.mountPoint, 'other'))).toBe('second.bin\nthird.bin\n');
    const closed = readers.map((reader) => once(reader, 'close'));
    for (const reader of readers) reader.kill('SIGKILL');
    await Promise.all(closed);
    const held = spawn('tail', ['-f', join(mount.mountPoint, 'top/first.bin')], { stdio: 'ignore' });
    await mustRun('timeout', ['15', isodrive.daemon.program, 'unmount', '--lazy', mount.mountPoint], {
      env: isodrive.daemon.env,
    });
    held.kill();
    await once(held, 'close');
    expect(isodrive.remainingMounts()).not.toContain(mount.mountPoint);
  });

  it('and whose medium is dead takes no thread from the others, however many ask for it', async () => {
    await using medium = await mountBadSector(
      sample.image,
      join(isodrive.folder, 'dead'),
      0,
      1_000_000_000,
      'stall',
    );
    await using client = await isodrive.connect();
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    // More than libuv has threads, whose pool all mounts share.
    const mounting = Array.from({ length: 20 }, () =>
      client.call('mount', { image: medium.image, new: true }, { signal: stop.signal, deadline: PATIENCE }),
    );
    const refused = Promise.allSettled(mounting);
    for (let i = 0; i < 5; i += 1) {
      const other = await isodrive.mount(await copyImage(`other-${i}.iso`), { driver: 'fuse' });
      await mustRun('diff', ['-r', sample.tree, other.mountPoint], { timeout: PATIENCE });
      await isodrive.unmount(other.id);
    }
    stop.abort();
    for (const outcome of await refused) expect(outcome).toMatchObject({ reason: { code: 'cancelled' } });
  });
});
