// How the bundled command line starts: with what was compiled the last time where that is sound and nobody else's.
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../../scripts/support/run-command.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';

const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'bundle', 'isodrive.cjs');

describe('The bundled command line', () => {
  let home: string;
  let compiled: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'isodrive-start-'));
    compiled = join(home, '.cache', 'isodrive', 'compiled');
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  /** Gives the names of what is kept afterwards. */
  const list = async (env: NodeJS.ProcessEnv = {}): Promise<string[]> => {
    const { PATH } = process.env;
    const args = [PROGRAM, 'ls', SMALL_IMAGE];
    const { status, stdout, stderr } = await runCommand(process.execPath, args, {
      env: { PATH, HOME: home, ...env },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.toString().split('\n')).toContain('COPYING');
    return readdir(compiled).catch(() => []);
  };
  const states = (names: readonly string[]): Promise<unknown> =>
    Promise.all(
      names.map(async (name) => {
        const { ino, mtimeMs, mode } = await stat(join(compiled, name));
        return { ino, mtimeMs, mode };
      }),
    );

  it('keeps what it compiled for its user alone, and starts with it without writing again', async () => {
    const names = await list();
    expect(names.join(' ')).toMatch(/command-line-\S+\.cjs\.[0-9a-f]+ .*read-image-/u);
    expect((await stat(compiled)).mode & 0o777).toBe(0o700);
    const before = await states(names);
    expect(before).toEqual(names.map(() => expect.objectContaining({ mode: 0o100600 }) as unknown));
    expect(await list()).toEqual(names);
    expect(await states(names)).toEqual(before);
  });

  it.each([
    ['changed', (bytes: Buffer) => bytes.fill(0x5a, bytes.length / 2, bytes.length / 2 + 64)],
    ['cut', (bytes: Buffer) => bytes.subarray(0, 1000)],
    ['empty', () => Buffer.alloc(0)],
  ] as const)('runs nothing of a file that was %s, and makes it anew', async (_what, damage) => {
    const names = await list();
    const path = join(
      compiled,
      names.find((name) => name.startsWith('read-image'))!,
    );
    const damaged = damage(await readFile(path));
    await writeFile(path, damaged);
    expect(await list()).toEqual(names);
    expect((await readFile(path)).equals(damaged)).toBe(false);
  });

  it('keeps nothing where others may write, where there is no home, or where Node is told not to', async () => {
    expect(await list({ NODE_DISABLE_COMPILE_CACHE: '1' })).toEqual([]);
    expect(await list({ HOME: join(home, 'none') })).toEqual([]);
    expect(await list({ HOME: 'relative' })).toEqual([]);
    await mkdir(compiled, { recursive: true });
    await chmod(compiled, 0o777);
    expect(await list()).toEqual([]);
  });

  it('removes what was not made for a month when it keeps something', async () => {
    await mkdir(compiled, { recursive: true, mode: 0o700 });
    const days = (count: number): Date => new Date(Date.now() - count * 86_400_000);
    for (const [name, age] of [
      ['old', 31],
      ['new', 29],
    ] as const) {
      await writeFile(join(compiled, name), '');
      await utimes(join(compiled, name), days(age), days(age));
    }
    const names = await list();
    expect(names).toContain('new');
    expect(names).not.toContain('old');
  });
});
