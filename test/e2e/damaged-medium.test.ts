// Images that mount but cannot be read everywhere, because they are truncated or their medium has a bad sector: what
// can be read is read right, the rest is EIO and is named, nothing hangs, and the daemon lives.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { mountBadSector } from '../support/fakes/bad-sector-mount.js';
import { expectFailure } from '../support/judges/command-failure.js';
import { listTree } from '../support/programs/list-tree.js';
import type { ManifestEntry } from '../support/judges/manifest.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';
import type { SampleImage } from '../support/builders/sample-image.js';
import { findExtent, makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

/** Milliseconds within which every command and every walk must end. */
const NO_HANG = 20_000;
const SECTOR = 2048;
const PRIMARY_DESCRIPTOR = 16 * SECTOR;
/** The kernel reads the medium in pages, so a bad sector takes its whole page along. */
const PAGE = 4096;
const FILES = { 'early/first.bin': 300_000, 'late/big.bin': 3_000_000, 'late/last.bin': 700_000 };

type Faults = Readonly<Record<string, string>>;

function faults(entries: readonly ManifestEntry[]): Faults {
  return Object.fromEntries(
    entries.flatMap(({ path, fault }) => (fault === undefined ? [] : [[path, fault]])),
  );
}

function hashes(entries: readonly ManifestEntry[]): Map<string, string | undefined> {
  return new Map(entries.filter(({ type }) => type === 'f').map(({ path, sha256 }) => [path, sha256]));
}

/** Those that serve such images: erofs does not, and auto must therefore take another. */
const DRIVERS = ['auto', 'fuse', 'fuse-native'] as const;

describe('A medium that cannot be read everywhere', needs('xorriso', 'isoinfo'), () => {
  let isodrive: PrivateIsodrive;
  let pid: number;
  let sample: SampleImage;
  let expected: Map<string, string | undefined>;
  let scratch = 0;

  beforeAll(async () => {
    isodrive = await PrivateIsodrive.start();
    ({ pid } = await isodrive.daemon.status());
    sample = await makeSampleImage(isodrive.folder, FILES);
    expected = hashes(await listTree(sample.tree));
  });
  afterEach(async () => {
    expect(await isodrive.daemon.status()).toMatchObject({ pid, mounts: [] });
    expect(isodrive.remainingMounts('fuse.isodrive')).toEqual([]);
  });
  afterAll(() => isodrive[Symbol.asyncDispose]());

  const fresh = (): string => join(isodrive.folder, `medium-${(scratch += 1)}`);

  /** All files but those named read as they were written. */
  const expectOthersIntact = (tree: readonly ManifestEntry[], ...broken: string[]): void => {
    const found = hashes(tree);
    for (const [path, hash] of expected) {
      if (!broken.includes(path)) expect(found.get(path), path).toBe(hash);
    }
  };

  const makeTruncated = async (): Promise<string> => {
    const image = `${fresh()}.iso`;
    await copyFile(sample.image, image);
    const offset = await findExtent(sample.image, '/late/last.bin');
    await truncate(image, offset + 100 * SECTOR);
    return image;
  };

  describe.each(DRIVERS)('mounted by driver %s', (driver) => {
    it('reads what is left of a truncated image, and gives EIO beyond', async () => {
      await using mount = await isodrive.mount(await makeTruncated(), { driver });
      const tree = await listTree(mount.mountPoint, { timeout: NO_HANG });
      expect(Object.keys(faults(tree))).toEqual(['/late/last.bin']);
      expect(faults(tree)['/late/last.bin']).toMatch(/^read-error:EIO@/);
      expectOthersIntact(tree, '/late/last.bin');
    });

    it('reads every byte of a file but those in the bad page', async () => {
      const bad = (await findExtent(sample.image, '/late/big.bin')) + 500 * SECTOR;
      await using medium = await mountBadSector(sample.image, fresh(), bad, bad + SECTOR);
      await using mount = await isodrive.mount(medium.image, { driver });
      const tree = await listTree(mount.mountPoint, { timeout: NO_HANG });
      const program = join(import.meta.dirname, '..', 'support', 'programs', 'compare-blocks.mjs');
      const differences = await isodrive.runNode(program, [
        join(mount.mountPoint, 'late/big.bin'),
        join(sample.tree, 'late/big.bin'),
        `${SECTOR}`,
      ]);
      expect(Object.keys(faults(tree))).toEqual(['/late/big.bin']);
      expectOthersIntact(tree, '/late/big.bin');
      // Pages of the file, of the medium's file, and the sector overlap in at most two pages.
      const unreadable = JSON.parse(differences) as { block: number; why: string }[];
      expect(unreadable.length).toBeGreaterThan(0);
      expect(unreadable.length).toBeLessThanOrEqual((2 * PAGE) / SECTOR);
      for (const { block, why } of unreadable) {
        expect(why).toBe('EIO');
        expect(Math.abs(block - 500)).toBeLessThan((2 * PAGE) / SECTOR);
      }
    });

    it('lists everything but the directory that lies on a bad sector', async () => {
      const bad = await findExtent(sample.image, '/late');
      await using medium = await mountBadSector(sample.image, fresh(), bad, bad + SECTOR);
      await using mount = await isodrive.mount(medium.image, { driver });
      const tree = await listTree(mount.mountPoint, { timeout: NO_HANG });
      expect(faults(tree)).toEqual({ '/late': 'list-error:EIO' });
      expectOthersIntact(tree, '/late/big.bin', '/late/last.bin');
    });
  });

  it.each(DRIVERS)('lets others read while some wait for ever, mounted by driver %s', async (driver) => {
    const bad = await findExtent(sample.image, '/late/big.bin');
    await using medium = await mountBadSector(sample.image, fresh(), bad, bad + 2_000_000, 'stall');
    await using mount = await isodrive.mount(medium.image, { driver });
    const stalled = [0, 400, 800].map((block) => {
      const file = join(mount.mountPoint, 'late/big.bin');
      return spawn('dd', [`if=${file}`, 'of=/dev/null', 'bs=2048', `skip=${block}`, 'count=1'], {
        stdio: 'ignore',
      });
    });
    const ends = stalled.map((child) => once(child, 'exit'));
    try {
      for (const path of ['early/first.bin', 'late/last.bin']) {
        const { stdout } = await mustRun('sha256sum', [join(mount.mountPoint, path)], { timeout: NO_HANG });
        expect(stdout.toString().slice(0, 64)).toBe(expected.get(`/${path}`));
      }
      expect(stalled.map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual([null, null, null]);
    } finally {
      // Ends what waits: the reads of the medium fail when its server is gone.
      await medium[Symbol.asyncDispose]();
      for (const child of stalled) child.kill('SIGKILL');
      await Promise.all(ends);
    }
  });

  it('is refused when its first volume descriptor cannot be read', async () => {
    await using medium = await mountBadSector(
      sample.image,
      fresh(),
      PRIMARY_DESCRIPTOR,
      PRIMARY_DESCRIPTOR + SECTOR,
    );
    const directory = await isodrive.makeDirectory();
    const result = await isodrive.daemon.run(['mount', medium.image, directory, '--json'], {
      timeout: NO_HANG,
    });
    const failure = expectFailure(result);
    expect(failure).toMatchObject({ code: 'image-unreadable', exit: 3 });
    expect(failure.message).toContain(medium.image);
  });

  it('is extracted as far as it can be read, with exit code 11', async () => {
    const image = await makeTruncated();
    const target = fresh();
    await mkdir(target);
    const result = await isodrive.daemon.run(['extract', image, '-C', target, '--json'], {
      timeout: NO_HANG,
    });
    expect(result.status).toBe(11);
    expectOthersIntact(await listTree(target), '/late/last.bin');
  });

  // The first piece of a copy, and a later one: the others are copied at the same time.
  it.each([0, 9_000_000])('is extracted up to a bad place at byte %i of a large file', async (place) => {
    const folder = fresh();
    const large = await makeSampleImage(folder, { 'large.bin': 20_000_000 });
    const bad = (await findExtent(large.image, '/large.bin')) + Math.floor(place / SECTOR) * SECTOR;
    await using medium = await mountBadSector(large.image, join(folder, 'medium'), bad, bad + SECTOR);
    const target = join(folder, 'target');
    await mkdir(target);
    const result = await isodrive.daemon.run(['extract', medium.image, '-C', target], { timeout: NO_HANG });
    expect(result.status).toBe(11);
    const kept = await readFile(join(target, 'large.bin'));
    const whole = await readFile(join(large.tree, 'large.bin'));
    expect(kept.length).toBeLessThanOrEqual(place);
    expect(kept.length).toBeGreaterThan(place - 4 * PAGE - 1_048_576);
    expect(kept.equals(whole.subarray(0, kept.length))).toBe(true);
    // Nor does it hold room that was set aside for more.
    const { blocks } = await stat(join(target, 'large.bin'));
    expect(blocks * 512).toBeLessThanOrEqual(kept.length + 4 * PAGE);
  });

  it('is hashed by ls with an error in the place of the hash', async () => {
    const image = await makeTruncated();
    const args = ['ls', image, '-R', '--json', '--hash', 'sha256'];
    const result = await isodrive.daemon.run(args, { timeout: NO_HANG });
    const entries = result.stdout
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { path: string; sha256?: string; error?: unknown });
    expect(entries.filter(({ error }) => error !== undefined).map(({ path }) => path)).toEqual([
      '/late/last.bin',
    ]);
    const listed = new Map(entries.map(({ path, sha256 }) => [path, sha256]));
    for (const [path, hash] of expected) {
      expect(listed.get(path)).toBe(path === '/late/last.bin' ? undefined : hash);
    }
  });

  it('is shown with what is missing by info', async () => {
    const image = await makeTruncated();
    const { size } = await stat(image);
    const result = await isodrive.daemon.run(['info', image], { timeout: NO_HANG });
    expect(result.status).toBe(0);
    expect(result.stdout.toString()).toMatch(/truncated|ends|missing/i);
    expect(result.stdout.toString()).toContain(`${size}`);
  });
});
