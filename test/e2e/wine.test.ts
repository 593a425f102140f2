// isodrive wine with the real Wine: programs of Windows see a CD-ROM drive, and the prefix is afterwards as it was.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, readdir, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectFailure } from '../support/judges/command-failure.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import type { SampleImage } from '../support/builders/sample-image.js';
import { WinePrefix, compileForWindows } from '../support/machines/wine-prefix.js';
import { needs } from '../support/needs.js';

const programs = ['wine', 'wineserver', 'x86_64-w64-mingw32-gcc', 'xorriso'] as const;
const PATIENCE = 120_000;

describe('isodrive wine', needs(...programs), () => {
  let isodrive: PrivateIsodrive;
  let prefix: WinePrefix;
  let sample: SampleImage;
  let facts: string;
  let untouched: string[];
  beforeAll(async () => {
    [isodrive, prefix] = await Promise.all([PrivateIsodrive.start(), WinePrefix.make()]);
    sample = await makeSampleImage(isodrive.folder, { 'setup.bin': 1000 });
    const source = join(import.meta.dirname, '..', 'support', 'machines', 'volume-facts.c');
    facts = await compileForWindows(source, join(prefix.folder, 'facts.exe'));
    untouched = await listPrefix();
  }, PATIENCE);
  afterEach(async () => {
    expect(isodrive.remainingMounts()).toEqual([]);
    expect(await listPrefix()).toEqual(untouched);
  });
  afterAll(async () => {
    await isodrive[Symbol.asyncDispose]();
    await prefix[Symbol.asyncDispose]();
  }, PATIENCE);

  const listPrefix = async (): Promise<string[]> => [
    ...(await readdir(prefix.path)).filter((name) => name.startsWith('isodrive')),
    ...(await readdir(join(prefix.path, 'dosdevices'))),
    ...((await readFile(join(prefix.path, 'system.reg'), 'utf8')).match(/^"[a-z]:"="cdrom"$/gm) ?? []),
  ];
  /** Wine's server has its folder where it goes with the prefix. */
  const environment = (): NodeJS.ProcessEnv => ({ ...isodrive.daemon.env, TMPDIR: prefix.folder });
  const wine = (...args: string[]): ReturnType<typeof isodrive.daemon.run> =>
    isodrive.daemon.run(['wine', '--prefix', prefix.path, ...args], {
      env: environment(),
      timeout: PATIENCE,
    });

  /** As the published CD-ROM driver of Windows computes it, byte lane by byte lane. */
  const serialOf = async (descriptorSector: number): Promise<string> => {
    const bytes = (await readFile(sample.image)).subarray(descriptorSector * 2048).subarray(0, 2048);
    const lanes = [0, 1, 2, 3].map((lane) =>
      bytes.reduce((sum, byte, i) => sum + (i % 4 === lane ? byte : 0), 0),
    );
    return lanes
      .map((sum) => (sum % 256).toString(16).padStart(2, '0'))
      .join('')
      .toUpperCase();
  };

  it(
    'makes the image a CD-ROM drive with label and serial number, and undoes it',
    async () => {
      const result = await wine(sample.image, '--', 'wine', facts, 'd', 'setup.bin');
      expect(result.status).toBe(7);
      const [line] = result.stdout.toString('latin1').split('\n');
      // DRIVE_CDROM is 5. The Joliet descriptor stands behind the primary one.
      const serial = await serialOf(17);
      expect(line).toBe(`type 5 known 1 label SAMPLE serial ${serial} system CDFS`);
      const content = await readFile(join(sample.tree, 'setup.bin'));
      expect(result.stdout.subarray(-1000).equals(content)).toBe(true);
    },
    PATIENCE,
  );

  it('refuses a letter that is taken, a letter that is none, and a folder that is no prefix', async () => {
    const link = join(prefix.path, 'dosdevices', 'q:');
    await symlink('/tmp', link);
    const taken = expectFailure(await wine('--letter', 'Q:', '--json', sample.image));
    expect(taken).toMatchObject({ code: 'busy', exit: 7 });
    await unlink(link);
    for (const letter of ['c', '5', 'de']) {
      const refused = expectFailure(await wine('--letter', letter, '--json', sample.image));
      expect(refused).toMatchObject({ code: 'usage', exit: 2 });
    }
    const args = ['wine', '--prefix', isodrive.folder, '--json', sample.image];
    expect(expectFailure(await isodrive.daemon.run(args))).toMatchObject({ code: 'usage', exit: 2 });
  });

  it(
    'holds the drive until it is interrupted, and mends a prefix that it could not leave as it was',
    async () => {
      const main = join('dist', 'src', 'cli', 'main.js');
      const args = [main, 'wine', '--prefix', prefix.path, '--letter', 'k', sample.image];
      const start = async (): Promise<ReturnType<typeof spawn>> => {
        const child = spawn(process.execPath, args, {
          env: environment(),
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        const [printed] = (await once(child.stdout, 'data')) as [Buffer];
        expect(printed.toString()).toBe('k:\n');
        return child;
      };
      const killed = await start();
      killed.kill('SIGKILL');
      await waitUntil(() => isodrive.remainingMounts().length === 0);
      expect(existsSync(join(prefix.path, 'isodrive-drive-k.json'))).toBe(true);
      const child = await start();
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await ended).toEqual([143, null]);
      await prefix.waitForEnd();
    },
    PATIENCE,
  );
});
