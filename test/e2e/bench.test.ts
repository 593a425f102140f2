// The benchmark itself, on tiny images: it builds, measures every contestant and leaves nothing behind. Its figures
// at this size mean nothing, so none is looked at.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../scripts/support/run-command.js';
import { median, medianRatio } from '../../scripts/bench/statistics.js';
import { readMountTable } from '../../src/mount/mount-table.js';
import { needs } from '../support/needs.js';

const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'scripts', 'bench', 'main.js');

/** Milliseconds: every part is run, however small. */
const PATIENCE = 240_000;

describe('The benchmark', () => {
  let folder: string;
  beforeAll(async () => {
    // Sockets lie deep below it, whose paths may have 107 bytes.
    folder = await mkdtemp(join(tmpdir(), 'bench-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const bench = (...args: string[]): ReturnType<typeof runCommand> =>
    runCommand(process.execPath, [PROGRAM, ...args], {
      env: { ...process.env, ISODRIVE_BENCH_DIR: join(folder, 'cache'), TMPDIR: folder },
    });

  it(
    'measures every contestant and leaves nothing behind',
    { ...needs('xorriso', 'fuseiso', 'nbdkit', 'qemu-img'), timeout: PATIENCE },
    async () => {
      const result = await bench('--quick');
      expect(result.stderr).not.toMatch(/error/i);
      expect(result.status).toBe(0);
      const text = result.stdout.toString();
      const isRoot = process.getuid?.() === 0;
      for (const name of [
        'fuse',
        'fuse-native',
        'fuseiso',
        'native',
        ...(isRoot ? ['erofs', 'fuse-default-read-ahead'] : []),
      ]) {
        expect(text).toContain(`| ${name} |`);
      }
      expect(text).toMatch(/mount by fuse to first ls of image B .* \| < 150 ms \| \d+ ms \|/);
      expect(text).toMatch(/resident memory of the daemon, 421 entries loaded/);
      expect(text).toMatch(/first walk, A: udf \/ iso, by fuse \| >= 0\.90 x \| [\d.]+ x \|/);
      expect(text).toMatch(/directory records into the index \| >= 1 M\/s \| [\d.]+ M\/s/);
      expect(text).toMatch(/checksum \/ sha256sum \| >= 0.90 x \| [\d.]+ x/);
      expect(text).toMatch(/slowest of them alone \| <= 1.30 x \| [\d.]+ x/);
      expect(text).toMatch(
        /sequential read by qemu-img: iscsi \/ nbdkit, file plugin \| >= 0.50 x \| [\d.]+ x/,
      );
      expect(text).toMatch(/served by nbd with TLS .*: 10 s after they have left \| <= 32 MiB \| -?\d+ MiB/);
      expect(text).not.toMatch(/NaN|undefined|Infinity/);
      expect(readMountTable().filter(({ directory }) => directory.startsWith(folder))).toEqual([]);
      expect(await readdir(folder)).toEqual(['cache']);
    },
  );

  it('refuses a part that it does not have', async () => {
    const result = await bench('--only', 'nobody');
    expect(result.status).toBe(2);
    expect(result.stderr).toContain('Unknown part "nobody"');
  });

  it.each(['0', '1.5', 'many'])('refuses %s repetitions', async (count) => {
    const result = await bench('--repetitions', count);
    expect(result.status).toBe(2);
    expect(result.stderr).toContain(`Found ${count} repetitions, expected 1 to 100`);
  });

  it(
    'leaves nothing behind when it is ended in the middle',
    needs('xorriso', 'fuseiso', 'nbdkit', 'qemu-img'),
    async () => {
      const child = spawn(process.execPath, [PROGRAM, '--quick', '--repetitions', '100', '--only', 'fuse'], {
        env: { ...process.env, ISODRIVE_BENCH_DIR: join(folder, 'cache'), TMPDIR: folder },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      const exited = once(child, 'exit');
      for await (const chunk of child.stderr) {
        said += String(chunk);
        if (!child.killed && said.includes('repetition 2 of')) child.kill('SIGTERM');
      }
      expect(await exited).toEqual([1, null]);
      expect(said).toContain('Ended by SIGTERM');
      expect(readMountTable().filter(({ directory }) => directory.startsWith(folder))).toEqual([]);
      expect(await readdir(folder)).toEqual(['cache']);
    },
  );

  it('takes the middle of its figures', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([1, 2, 3, 10])).toBe(2.5);
    expect(median([])).toBeUndefined();
    expect(medianRatio([10, 40, 90], [10, 20, 30])).toBe(2);
  });
});
