// isodrive create as users run it, beside ddrescue: on media with bad sectors, killed, without room, and gone on with
// by the other program.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { RescueMap } from '../../src/source/rescue-map/rescue-map.js';
import { formatMapText } from '../../src/source/rescue-map/rescue-map-text.js';
import { mountBadSector } from '../support/fakes/bad-sector-mount.js';
import { expectFailure } from '../support/judges/command-failure.js';
import { listTree } from '../support/programs/list-tree.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';
import { findExtent, makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const PROJECT = join(import.meta.dirname, '..', '..');
const MAIN = join(PROJECT, 'dist', 'src', 'cli', 'main.js');
const SECTOR = 2048;
const PAGE = 4096;
const FILES = { 'early/first.bin': 300_000, 'late/big.bin': 3_000_000, 'late/last.bin': 700_000 };

interface Report {
  readonly finished: boolean;
  readonly digests: Readonly<Record<string, string>>;
  readonly unreadable: readonly { position: number; size: number }[];
  readonly affectedFiles: readonly { path: string; ranges: readonly { position: number; size: number }[] }[];
  readonly findings: readonly { code: string }[];
  readonly size: number;
  readonly resumed: boolean;
}

describe('isodrive create', needs('xorriso', 'isoinfo'), () => {
  let folder: string;
  let image: string;
  let bytes: Buffer;
  let scratch = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-create-'));
    ({ image } = await makeSampleImage(folder, FILES));
    bytes = await readFile(image);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const fresh = (): string => join(folder, `out-${(scratch += 1)}.iso`);
  const create = (...args: string[]): Promise<CommandResult> =>
    runCommand(process.execPath, [MAIN, 'create', '--json', ...args], { timeout: 60_000 });
  const lastReport = (result: CommandResult): Report =>
    JSON.parse(result.stdout.toString().trimEnd().split('\n').at(-1)!) as Report;
  const expectImage = async (output: string): Promise<void> => {
    expect(Buffer.compare(await readFile(output), bytes)).toBe(0);
    expect(existsSync(`${output}.part`)).toBe(false);
  };
  /** Neither the image nor anything that looks like it, but what the next run needs. */
  const expectUnfinished = (output: string): void => {
    expect(existsSync(output)).toBe(false);
    expect(existsSync(`${output}.json`)).toBe(false);
    expect(existsSync(`${output}.part`)).toBe(true);
    expect(existsSync(`${output}.map`)).toBe(true);
  };

  it('makes the same image, with the digests that other programs compute', async () => {
    const output = fresh();
    const result = await create(image, output, '--verify', '--hash', 'md5,sha1,sha256,sha512,blake2b');
    expect(result.status).toBe(0);
    await expectImage(output);
    const report = lastReport(result);
    for (const [algorithm, program] of [
      ['md5', 'md5sum'],
      ['sha1', 'sha1sum'],
      ['sha256', 'sha256sum'],
      ['sha512', 'sha512sum'],
      ['blake2b', 'b2sum'],
    ] as const) {
      const { stdout } = await mustRun(program, [image]);
      expect(report.digests[algorithm]).toBe(stdout.toString().split(' ')[0]);
    }
    const written = JSON.parse(await readFile(`${output}.json`, 'utf8')) as Report;
    expect(written).toMatchObject({
      schemaVersion: 1,
      finished: true,
      digests: report.digests,
      unreadable: [],
    });
  });

  it('leaves an image that is there alone, unless it is told to replace it', async () => {
    const output = fresh();
    await writeFile(output, 'mine');
    expect(expectFailure(await create(image, output))).toMatchObject({ code: 'policy', exit: 6 });
    expect(await readFile(output, 'utf8')).toBe('mine');
    expect(existsSync(`${output}.part`)).toBe(false);
    expect((await create(image, output, '--force')).status).toBe(0);
    await expectImage(output);
  });

  it('never replaces the source by its own image', async () => {
    expect(expectFailure(await create(image, image, '--force'))).toMatchObject({ code: 'usage', exit: 2 });
    expect(Buffer.compare(await readFile(image), bytes)).toBe(0);
  });

  it('names the files that a bad place takes, and finishes from a good copy', async () => {
    const output = fresh();
    const bad = (await findExtent(image, '/late/big.bin')) + 500 * SECTOR;
    {
      await using medium = await mountBadSector(image, join(folder, `medium-${scratch}`), bad, bad + SECTOR);
      const result = await create(medium.image, output, '--retries', '1');
      expect(expectFailure(result)).toMatchObject({ code: 'partial', exit: 11 });
      expectUnfinished(output);
      const report = lastReport(result);
      expect(report.affectedFiles.map(({ path }) => path)).toEqual(['/late/big.bin']);
      // The kernel reads the medium in pages.
      const lost = report.unreadable.reduce((sum, { size }) => sum + size, 0);
      expect(lost).toBeGreaterThanOrEqual(SECTOR);
      expect(lost).toBeLessThanOrEqual(2 * PAGE);
      expect(report.unreadable[0]!.position).toBeLessThanOrEqual(bad);
    }
    const again = await create(image, output);
    expect(again.status).toBe(0);
    expect(lastReport(again)).toMatchObject({ resumed: true, unreadable: [] });
    expect(lastReport(again).digests.sha256).toBe(
      (await mustRun('sha256sum', [image])).stdout.toString().slice(0, 64),
    );
    await expectImage(output);
  });

  it('finishes with bad places when told so, and other commands know which', async () => {
    const output = fresh();
    const bad = (await findExtent(image, '/late/last.bin')) + 3 * PAGE;
    await using medium = await mountBadSector(image, join(folder, `medium-${scratch}`), bad, bad + SECTOR);
    expect((await create(medium.image, output, '--retries', '0', '--accept-errors')).status).toBe(0);
    const run = (...args: string[]): Promise<CommandResult> => runCommand(process.execPath, [MAIN, ...args]);
    const good = await run('cat', output, '/late/big.bin');
    const offset = await findExtent(image, '/late/big.bin');
    expect(Buffer.compare(good.stdout, bytes.subarray(offset, offset + FILES['late/big.bin']))).toBe(0);
    expect((await run('cat', output, '/late/last.bin')).stderr).toContain('map file');
    // A copy of it is as incomplete as it is.
    expect((await create(output, fresh(), '--retries', '0')).status).toBe(11);
  });

  it('is mounted so that what was not read is EIO, and info says which files that is', async () => {
    const disc = fresh();
    await copyFile(image, disc);
    const map = new RescueMap(bytes.length);
    map.mark(0, bytes.length, '+');
    const lost = (await findExtent(image, '/late/big.bin')) + 500 * SECTOR;
    map.mark(lost, 3 * SECTOR, '-');
    // The zeros that ddrescue leaves there.
    const blank = Buffer.from(bytes);
    blank.fill(0, lost, lost + 3 * SECTOR);
    await writeFile(disc, blank);
    const mapFile = join(folder, 'elsewhere.map');
    await writeFile(mapFile, formatMapText(map, { position: 0, phase: '+', pass: 1 }, []));
    const info = await runCommand(process.execPath, [MAIN, 'info', disc, '--json', '--map', mapFile]);
    expect((JSON.parse(info.stdout.toString()) as { damage: unknown }).damage).toEqual({
      bytes: 3 * SECTOR,
      ranges: [{ position: lost, size: 3 * SECTOR }],
      files: [{ path: '/late/big.bin', ranges: [{ position: 500 * SECTOR, size: 3 * SECTOR }] }],
    });
    await using isodrive = await PrivateIsodrive.start();
    for (const params of [{ map: mapFile }, {}]) {
      if (params.map === undefined) await copyFile(mapFile, `${disc}.map`);
      await using mount = await isodrive.mount(disc, params);
      const tree = await listTree(mount.mountPoint);
      const faulty = tree.filter(({ fault }) => fault !== undefined).map(({ path }) => path);
      expect(faulty).toEqual(['/late/big.bin']);
      const program = join(import.meta.dirname, '..', 'support', 'programs', 'compare-blocks.mjs');
      const paths = [mount.mountPoint, join(folder, 'tree')].map((top) => join(top, 'late/big.bin'));
      const differences = JSON.parse(await isodrive.runNode(program, [...paths, `${SECTOR}`])) as {
        block: number;
        why: string;
      }[];
      expect(new Set(differences.map(({ why }) => why))).toEqual(new Set(['EIO']));
      // The kernel reads the file in pages.
      const blocks = differences.map(({ block }) => block);
      for (const block of [500, 501, 502]) expect(blocks).toContain(block);
      expect(blocks.length).toBeLessThanOrEqual(4);
    }
  });

  it('refuses to go on with another disc', async () => {
    const output = fresh();
    const bad = bytes.length - 4 * PAGE;
    const other = join(folder, 'other.iso');
    const changed = Buffer.from(bytes);
    changed.write('OTHER', 16 * SECTOR + 40, 'latin1');
    await writeFile(other, changed);
    {
      await using medium = await mountBadSector(image, join(folder, `medium-${scratch}`), bad, bad + SECTOR);
      expect((await create(medium.image, output, '--retries', '0')).status).toBe(11);
    }
    expect(expectFailure(await create(other, output))).toMatchObject({ code: 'image-changed', exit: 12 });
    expectUnfinished(output);
    expect((await create(image, output)).status).toBe(0);
    await expectImage(output);
  });

  it('goes on when there is room again', needs('root'), async () => {
    const small = join(folder, 'small');
    await mkdir(small);
    await mustRun('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
    try {
      const output = join(small, 'disc.iso');
      expect(expectFailure(await create(image, output))).toMatchObject({ code: 'partial', exit: 11 });
      expect(existsSync(output)).toBe(false);
      await mustRun('mount', ['-o', 'remount,size=32m', small]);
      const result = await create(image, output);
      expect(result.status).toBe(0);
      await expectImage(output);
    } finally {
      await mustRun('umount', [small]);
    }
  });

  it('says how far it came when it is interrupted', async () => {
    const long = join(folder, 'long.iso');
    await copyFile(image, long);
    await truncate(long, 8 * 2 ** 30);
    const output = fresh();
    const child = spawn(process.execPath, [MAIN, 'create', '--json', long, output]);
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    // The first word of progress.
    child.stdout.once('data', () => child.kill('SIGINT'));
    const [status] = (await once(child, 'close')) as [number | null];
    for (const path of [long, `${output}.part`]) await rm(path);
    expect(status).toBe(130);
    expect(JSON.parse(stderr)).toMatchObject({
      code: 'cancelled',
      message: expect.stringMatching(/^Stopped at \d\d? %/u) as string,
      hint: 'The same command goes on from there',
    });
  });

  it('ends with the same image however often it is killed', async () => {
    const output = fresh();
    let kills = 0;
    for (let delay = 40; ; delay += 25) {
      const child = spawn(process.execPath, [MAIN, 'create', image, output], { stdio: 'ignore' });
      const timer = setTimeout(() => child.kill('SIGKILL'), delay);
      const [status] = (await once(child, 'exit')) as [number | null];
      clearTimeout(timer);
      if (status === 0) break;
      kills += 1;
      // What has the image's name is the image, at every moment.
      if (existsSync(output)) await expectImage(output);
      if (existsSync(output)) break;
      expect(kills).toBeLessThan(200);
    }
    expect(kills).toBeGreaterThan(1);
    await expectImage(output);
  });

  it('goes on where ddrescue stopped', needs('ddrescue'), async () => {
    const output = fresh();
    const bad = (await findExtent(image, '/late/big.bin')) + 100 * SECTOR;
    {
      await using medium = await mountBadSector(image, join(folder, `medium-${scratch}`), bad, bad + SECTOR);
      await mustRun('ddrescue', ['--quiet', '--sector-size=2048', medium.image, output, `${output}.map`]);
    }
    expect(await readFile(`${output}.map`, 'latin1')).toMatch(/^0x[0-9A-F]+ +0x[0-9A-F]+ +-$/m);
    const result = await create(image, output);
    expect(lastReport(result)).toMatchObject({ resumed: true, finished: true });
    await expectImage(output);
  });

  it('leaves a map that ddrescue goes on from', needs('ddrescue'), async () => {
    const output = fresh();
    const bad = (await findExtent(image, '/late/big.bin')) + 200 * SECTOR;
    {
      await using medium = await mountBadSector(image, join(folder, `medium-${scratch}`), bad, bad + SECTOR);
      expect((await create(medium.image, output, '--retries', '0')).status).toBe(11);
    }
    const map = `${output}.map`;
    await copyFile(map, `${map}.ours`);
    await mustRun('ddrescuelog', ['--show-status', map]);
    const args = ['--quiet', '--sector-size=2048', '--retry-passes=1', image, `${output}.part`, map];
    await mustRun('ddrescue', args);
    // Its own words for: everything is rescued.
    expect((await runCommand('ddrescuelog', ['--done-status', map])).status).toBe(0);
    expect((await runCommand('ddrescuelog', ['--done-status', `${map}.ours`])).status).not.toBe(0);
    await rename(`${output}.part`, output);
    await expectImage(output);
    expect((await stat(output)).size).toBe(bytes.length);
  });
});
