// isodrive create on media that fail in ways of their own: slow, unsure, vanishing, failing now and then, and as a
// map of ddrescue says; two runs at once; and what else than files of the last session an image must have.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, copyFile, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PseudoRandom } from '../../scripts/support/pseudo-random.js';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { formatMapText } from '../../src/source/rescue-map/rescue-map-text.js';
import { RescueMap } from '../../src/source/rescue-map/rescue-map.js';
import { mountBadSector } from '../support/fakes/bad-sector-mount.js';
import { expectFailure } from '../support/judges/command-failure.js';
import { serveByNbd } from '../support/programs/nbd-file.js';
import { waitUntil } from '../support/programs/private-isodrive.js';
import { findExtent, makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');
const SECTOR = 2048;
const PAGE = 4096;
const FILES = { 'early/first.bin': 300_000, 'late/big.bin': 3_000_000, 'late/last.bin': 700_000 };

interface Report {
  readonly unreadable: readonly { position: number; size: number }[];
  readonly differing: readonly { position: number; size: number }[];
  readonly affectedFiles: readonly { path: string }[];
  readonly resumed: boolean;
}

describe('isodrive create, on a medium with faults', needs('xorriso', 'isoinfo'), () => {
  let folder: string;
  let image: string;
  let bytes: Buffer;
  let scratch = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-faults-'));
    ({ image } = await makeSampleImage(folder, FILES));
    bytes = await readFile(image);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const fresh = (): string => join(folder, `out-${(scratch += 1)}.iso`);
  const medium = (): string => join(folder, `medium-${(scratch += 1)}`);
  const create = (...args: string[]): Promise<CommandResult> =>
    runCommand(process.execPath, [MAIN, 'create', '--json', ...args], { timeout: 60_000 });
  const lastReport = (result: CommandResult): Report =>
    JSON.parse(result.stdout.toString().trimEnd().split('\n').at(-1)!) as Report;
  const expectSame = async (output: string, source: string): Promise<void> => {
    expect((await runCommand('cmp', [output, source])).status).toBe(0);
    expect(existsSync(`${output}.part`)).toBe(false);
  };

  it('reads the medium itself the second time, and finds what it is not sure of', async () => {
    const output = fresh();
    const place = (await findExtent(image, '/late/big.bin')) + 300 * PAGE;
    await using unsure = await mountBadSector(image, medium(), place, place + 1, 'flip');
    const result = await create(unsure.image, output, '--verify');
    expect(expectFailure(result)).toMatchObject({ code: 'verification-failed', exit: 10 });
    const report = lastReport(result);
    expect(report.affectedFiles.map(({ path }) => path)).toEqual(['/late/big.bin']);
    expect(report.differing[0]!.position).toBeLessThanOrEqual(place);
    expect(existsSync(output)).toBe(false);
    // Without the second reading nobody would know.
    expect((await create(unsure.image, fresh())).status).toBe(0);
  });

  it('is refused while another run writes the same image, and leaves that run alone', async () => {
    const output = fresh();
    const place = (await findExtent(image, '/late/last.bin')) + PAGE;
    await using stuck = await mountBadSector(image, medium(), place, place + SECTOR, 'stall');
    const first = spawn(process.execPath, [MAIN, 'create', stuck.image, output], { stdio: 'ignore' });
    const exited = once(first, 'exit');
    try {
      await waitUntil(async () => existsSync(`${output}.map`) && (await stat(`${output}.part`)).blocks > 0);
      expect(expectFailure(await create(image, output))).toMatchObject({ code: 'busy', exit: 7 });
      expect(first.exitCode).toBeNull();
    } finally {
      first.kill('SIGKILL');
      await stuck[Symbol.asyncDispose]();
      await exited;
    }
    // A run that was killed holds nothing.
    const again = await create(image, output);
    expect(again.status).toBe(0);
    await expectSame(output, image);
  });

  it('has boot code, all sessions, what lies between and what lies behind them', async () => {
    const random = (size: number): Uint8Array => {
      const words = new Uint32Array(Math.ceil(size / 4));
      new PseudoRandom(size).fill(words);
      return new Uint8Array(words.buffer, 0, size);
    };
    const disc = join(folder, 'sessions.iso');
    const parts = await mkdtemp(join(folder, 'sessions-'));
    await writeFile(join(parts, 'boot.img'), random(20_000));
    await writeFile(join(parts, 'system-area'), random(32_768));
    await writeFile(join(parts, 'partition.img'), random(500_000));
    const xorriso = (...args: string[]): Promise<CommandResult> =>
      mustRun('xorriso', ['-dev', `stdio:${disc}`, ...args, '-commit']);
    await xorriso(
      ...['-boot_image', 'any', `system_area=${join(parts, 'system-area')}`],
      ...['-map', join(folder, 'tree'), '/first', '-map', join(parts, 'boot.img'), '/boot.img'],
      ...['-boot_image', 'any', 'bin_path=/boot.img', '-boot_image', 'any', 'emul_type=none'],
    );
    await xorriso('-map', join(folder, 'tree', 'early'), '/second');
    await xorriso('-rm_r', '/first/late', '--');
    await appendFile(disc, random(300 * SECTOR));
    // The space between two sessions, which belongs to none.
    const info = await mustRun(process.execPath, [MAIN, 'info', disc, '--session', '1', '--json']);
    const { sessions, bootEntries } = JSON.parse(info.stdout.toString()) as {
      sessions: { start: number; length: number }[];
      bootEntries: unknown[];
    };
    expect(sessions).toHaveLength(3);
    expect(bootEntries).toHaveLength(1);
    const gap = sessions[1]!.start - 1;
    expect(gap).toBeGreaterThanOrEqual(sessions[0]!.start + sessions[0]!.length);
    {
      await using file = await open(disc, 'r+');
      await file.write(random(SECTOR), 0, SECTOR, gap * SECTOR);
    }
    const output = fresh();
    expect((await create(disc, output, '--verify')).status).toBe(0);
    await expectSame(output, disc);
    const compared = await runCommand(process.execPath, [MAIN, 'compare', disc, output]);
    expect(compared.stdout.toString()).toBe('the same in every sector\n');
  });

  it(
    'takes the room first when it is told so, and says at once that there is none',
    needs('root'),
    async () => {
      const output = fresh();
      expect((await create(image, output, '--preallocate')).status).toBe(0);
      await expectSame(output, image);
      expect((await stat(output)).blocks * 512).toBeGreaterThanOrEqual(bytes.length);
      const small = join(folder, 'small');
      await mkdir(small);
      await mustRun('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
      try {
        const full = await create(image, join(small, 'disc.iso'), '--preallocate');
        expect(expectFailure(full)).toMatchObject({ code: 'partial', exit: 11 });
        expect(full.stdout.toString()).toBe('');
        expect(existsSync(join(small, 'disc.iso'))).toBe(false);
      } finally {
        await mustRun('umount', [small]);
      }
    },
  );

  describe('served by nbdkit', needs('root', 'nbdkit', 'nbdfuse'), () => {
    it('finds the bad places that a map of ddrescue makes, and no others', async () => {
      const output = fresh();
      const map = new RescueMap(bytes.length);
      map.mark(0, bytes.length, '+');
      const start = Math.ceil((await findExtent(image, '/late/big.bin')) / PAGE) * PAGE;
      map.mark(start + 10 * PAGE, 3 * PAGE, '-');
      map.mark(start + 300 * PAGE, PAGE, '-');
      const file = join(folder, 'faults.map');
      await writeFile(file, formatMapText(map, { position: 0, phase: '+', pass: 1 }, []));
      {
        const filter = ['--filter=ddrescue'];
        await using served = await serveByNbd(image, medium(), filter, [`ddrescue-mapfile=${file}`]);
        const result = await create(served.image, output, '--retries', '1');
        expect(result.status).toBe(11);
        expect(lastReport(result).unreadable).toEqual(map.missing());
      }
      expect((await create(image, output)).status).toBe(0);
      await expectSame(output, image);
    });

    it('reads a medium whole that fails every tenth time', async () => {
      const output = fresh();
      const options = ['error-pread=EIO', 'error-pread-rate=10%'];
      await using served = await serveByNbd(image, medium(), ['--filter=error'], options);
      const result = await create(served.image, output, '--retries', '50', '--hash', 'md5,sha256');
      expect(result.status).toBe(0);
      await expectSame(output, image);
    });

    it('waits for a slow medium', async () => {
      const output = fresh();
      await using served = await serveByNbd(image, medium(), ['--filter=delay'], ['delay-read=20ms']);
      expect((await create(served.image, output, '--verify')).status).toBe(0);
      await expectSame(output, image);
    });

    it('goes on after the drive has vanished', async () => {
      const output = fresh();
      {
        await using served = await serveByNbd(image, medium(), ['--filter=delay'], ['delay-read=100ms']);
        const running = create(served.image, output);
        await waitUntil(
          async () => existsSync(`${output}.part`) && (await stat(`${output}.part`)).blocks > 0,
        );
        await served.vanish();
        const result = await running;
        expect(expectFailure(result)).toMatchObject({ code: 'image-unreadable', exit: 3 });
      }
      expect(existsSync(output)).toBe(false);
      expect(existsSync(`${output}.json`)).toBe(false);
      // Nothing that could not be read then counts as bad now.
      expect(await readFile(`${output}.map`, 'latin1')).not.toMatch(/ -$/m);
      const result = await create(image, output);
      expect(lastReport(result)).toMatchObject({ resumed: true, unreadable: [] });
      await expectSame(output, image);
    });
  });

  it('never takes the pieces of one disc for those of another', async () => {
    const output = fresh();
    const other = join(folder, 'other.iso');
    await copyFile(image, other);
    await appendFile(other, Buffer.alloc(SECTOR));
    const place = bytes.length - 4 * PAGE;
    {
      await using broken = await mountBadSector(image, medium(), place, place + SECTOR);
      expect((await create(broken.image, output, '--retries', '0')).status).toBe(11);
    }
    // The same bytes, and more: the part that was read is right, the rest is read.
    expect((await create(other, output)).status).toBe(0);
    await expectSame(output, other);
  });
});
