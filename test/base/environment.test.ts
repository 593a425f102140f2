// What is read from the environment.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readFolderVariable, readVariable } from '../../src/base/environment.js';

const BUILT = join(import.meta.dirname, '..', '..', 'dist', 'src', 'base', 'environment.js');

describe('The environment', () => {
  it('says nothing by a variable that is empty', () => {
    expect(readVariable('A', { A: 'x' })).toBe('x');
    expect(readVariable('A', { A: '' })).toBeUndefined();
    expect(readVariable('A', {})).toBeUndefined();
  });

  it('names a folder by an absolute path only', () => {
    expect(readFolderVariable('A', { A: '/x' })).toBe('/x');
    for (const value of ['x', './x', '']) expect(readFolderVariable('A', { A: value })).toBeUndefined();
  });

  it.skipIf(process.platform !== 'linux')('is read as the bytes that it is', () => {
    const script = `import { readEnvironment } from '${pathToFileURL(BUILT).href}';
      process.env.CHANGED = 'x'; console.log(JSON.stringify(readEnvironment()));`;
    const raw = `"$(printf 'n\\351=x\\377=y')" VALUE="$(printf '\\351')" CHANGED="$(printf '\\351')" REAL=\ufffd EMPTY=`;
    const command = `exec env -i ${raw} '${process.execPath}' --input-type=module -e "$1"`;
    const { stdout } = spawnSync('/bin/sh', ['-c', command, 'sh', script]);
    expect(JSON.parse(stdout.toString())).toEqual({
      'n\udce9': 'x\udcff=y',
      VALUE: '\udce9',
      CHANGED: 'x',
      REAL: '\ufffd',
      EMPTY: '',
    });
  });

  it('has a home for whoever has no HOME', () => {
    const script = `import { homeFolder } from '${pathToFileURL(BUILT).href}'; console.log(homeFolder());`;
    const home = (env: NodeJS.ProcessEnv): string =>
      spawnSync(process.execPath, ['--input-type=module', '-e', script], { env }).stdout.toString().trim();
    expect(home({ ...process.env, HOME: '/x' })).toBe('/x');
    expect(home({ ...process.env, HOME: '' })).toMatch(/^\/./u);
  });
});
