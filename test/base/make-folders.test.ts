// Making folders as `mkdir -p` does, and giving up where the system says that none can be made.
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolders, makeFoldersSync } from '../../src/base/make-folders.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'isodrive-folders-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ways: [string, (path: string, mode?: number) => Promise<boolean>][] = [
  ['makeFolders', makeFolders],
  // eslint-disable-next-line @typescript-eslint/require-await
  ['makeFoldersSync', async (path, mode) => makeFoldersSync(path, mode)],
];

describe.each(ways)('%s', (_, make) => {
  it('makes what is missing with the mode, and says whether anything was', async () => {
    const path = join(folder, 'a', 'b', 'c');
    expect(await make(path, 0o700)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(await make(path)).toBe(false);
    expect(await make('/')).toBe(false);
  });

  it('takes a symlink to a folder for one', async () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    expect(await make(join(folder, 'link', 'x'))).toBe(true);
  });

  it('names a file that is in the way', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(make(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(make(join(folder, 'file', 'x', 'y'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.runIf(process.platform === 'linux')('ends where nothing can be made, as below /proc', async () => {
    await expect(make('/proc/nowhere/x/y')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
