// Finding and making mount points.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { folderName, prepareMountPoint } from '../../src/mount/mount-point.js';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'isodrive-point-')));
  vi.stubEnv('HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe('prepareMountPoint', () => {
  it('makes a visible folder named after the label, and removes it again', async () => {
    const point = await prepareMountPoint(undefined, 'Debian 12');
    expect(point).toMatchObject({ directory: join(folder, 'Discs', 'Debian 12'), created: true });
    expect(existsSync(point.directory)).toBe(true);
    await point.release();
    expect(existsSync(point.directory)).toBe(false);
    await point.release();
  });

  it('numbers folders of the same label, also when they are made at once', async () => {
    const taken = new Set<string>();
    const points = await Promise.all([1, 2, 3].map(() => prepareMountPoint(undefined, 'X', taken)));
    const names = points.map(({ directory }) => directory.slice(folder.length)).sort();
    expect(names).toEqual(['/Discs/X', '/Discs/X 2', '/Discs/X 3']);
  });

  it.skipIf(process.platform !== 'linux')(
    'says what to do about a home in which no folder can be made',
    async () => {
      vi.stubEnv('HOME', '/proc/nobody');
      await expect(prepareMountPoint(undefined, 'X')).rejects.toMatchObject({
        code: 'permission',
        message:
          'Cannot make "/proc/nobody/Discs/X": the system makes no folder there, expected a home where it does',
        action: 'Set HOME to a folder of yours, or name an empty directory to mount on',
      });
    },
  );

  it('uses an empty folder of the name, and leaves it; a full one, a link or a file it does not', async () => {
    mkdirSync(join(folder, 'Discs', 'X'), { recursive: true });
    const point = await prepareMountPoint(undefined, 'X');
    expect(point).toMatchObject({ directory: join(folder, 'Discs', 'X'), created: false });
    await point.release();
    expect(existsSync(point.directory)).toBe(true);
    for (const [label, spoil] of [
      ['full', (path: string) => mkdirSync(join(path, 'inhabitant'), { recursive: true })],
      ['link', (path: string) => symlinkSync('X', path)],
      ['file', (path: string) => writeFileSync(path, '')],
    ] as const) {
      spoil(join(folder, 'Discs', label));
      const other = await prepareMountPoint(undefined, label);
      expect(other.directory).toBe(join(folder, 'Discs', `${label} 2`));
    }
  });

  it('removes the folder of all discs with the last of them, and keeps it while anything is in it', async () => {
    const first = await prepareMountPoint(undefined, 'X');
    const second = await prepareMountPoint(undefined, 'Y');
    await first.release();
    expect(existsSync(join(folder, 'Discs'))).toBe(true);
    await second.release();
    expect(existsSync(join(folder, 'Discs'))).toBe(false);
  });

  it('leaves a folder in which something has come to lie', async () => {
    const point = await prepareMountPoint(undefined, 'X');
    writeFileSync(join(point.directory, 'mine'), '');
    await point.release();
    expect(existsSync(join(point.directory, 'mine'))).toBe(true);
  });

  it('takes an empty directory, through symlinks, and does not remove it', async () => {
    mkdirSync(join(folder, 'empty'));
    symlinkSync('empty', join(folder, 'link'));
    const point = await prepareMountPoint(join(folder, 'link'), 'X');
    expect(point).toMatchObject({ directory: join(folder, 'empty'), created: false });
    await point.release();
    expect(existsSync(join(folder, 'empty'))).toBe(true);
  });

  it('quotes the path in its hint, so that nothing in it is run', async () => {
    const refusal = prepareMountPoint(join(folder, "no'; touch x; '"), 'X');
    await expect(refusal).rejects.toMatchObject({
      action: `Make it first: mkdir -p '${folder}/no'\\''; touch x; '\\'''`,
    });
  });

  it('refuses what cannot be mounted on, each with its own code and words', async () => {
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'full'));
    writeFileSync(join(folder, 'full', 'inhabitant'), '');
    const refusal = async (path: string): Promise<unknown> => {
      try {
        return await prepareMountPoint(path, 'X');
      } catch (thrown) {
        return [(thrown as { code: string }).code, (thrown as Error).message.replaceAll(folder, '')];
      }
    };
    expect(await refusal(join(folder, 'missing'))).toEqual([
      'usage',
      'Cannot mount on "/missing": found no such directory, expected an empty directory of yours',
    ]);
    expect(await refusal(join(folder, 'file'))).toEqual([
      'usage',
      'Cannot mount on "/file": found no directory, expected an empty directory of yours',
    ]);
    symlinkSync('circle', join(folder, 'circle'));
    expect(await refusal(join(folder, 'circle'))).toEqual([
      'usage',
      'Cannot mount on "/circle": found symbolic links that lead in a circle, expected an empty directory of yours',
    ]);
    expect(await refusal(join(folder, 'x'.repeat(300)))).toEqual([
      'usage',
      `Cannot mount on "/${'x'.repeat(300)}": found a name too long for this system, ` +
        'expected an empty directory of yours',
    ]);
    expect(await refusal(join(folder, 'full'))).toEqual([
      'busy',
      'Cannot mount on "/full": found "inhabitant" in it, expected an empty directory',
    ]);
    expect(await refusal('/proc')).toEqual([
      'busy',
      'Cannot mount on "/proc": found "proc" mounted there, expected an empty directory',
    ]);
  });
});

describe('folderName', () => {
  it('makes one harmless, visible name of any label', () => {
    expect(folderName('  UBUNTU 24.04 ')).toBe('UBUNTU 24.04');
    expect(folderName('a/b\n\u202ec')).toBe('a_b__c');
    expect(folderName('..')).toBe('_.');
    expect(folderName('.hidden')).toBe('_hidden');
    expect(folderName(' ')).toBe('Disc');
    expect(folderName('')).toBe('Disc');
    expect(Buffer.byteLength(folderName('\u65e5'.repeat(300)))).toBeLessThanOrEqual(200);
  });
});
