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

  it('has a home for whoever has no HOME', () => {
    const script = `import { homeFolder } from '${pathToFileURL(BUILT).href}'; console.log(homeFolder());`;
    const home = (env: NodeJS.ProcessEnv): string =>
      spawnSync(process.execPath, ['--input-type=module', '-e', script], { env }).stdout.toString().trim();
    expect(home({ ...process.env, HOME: '/x' })).toBe('/x');
    expect(home({ ...process.env, HOME: '' })).toMatch(/^\/./u);
  });
});
