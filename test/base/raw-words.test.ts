// Programs get the very bytes of their words and variables, whatever these are.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { decodePath } from '../../src/base/path-text.js';
import { spawnableProgram } from '../../src/base/raw-words.js';

const run = promisify(execFile);
const raw = (text: string): string => decodePath(Buffer.from(text, 'latin1'));
const PATH = process.env.PATH!;
const EVERY_BYTE = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join('');

/** What a program says that is started so, as Latin-1. */
async function start(
  words: readonly [string, ...string[]],
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  const { program, parameters, environment } = spawnableProgram(words, variables);
  return (await run(program, parameters, { encoding: 'latin1', env: environment })).stdout;
}

describe('A program to start', () => {
  it('stays as it is where all is UTF-8', () => {
    expect(spawnableProgram(['echo', 'a b', '\u00e9'], { NAME: '\u00e9', NONE: undefined })).toEqual({
      program: 'echo',
      parameters: ['a b', '\u00e9'],
      environment: { NAME: '\u00e9' },
    });
  });

  describe.skipIf(process.platform === 'win32')('gets bytes:', () => {
    it('words of quotes, of ends of lines, of nothing, of every byte', async () => {
      const words = [
        'caf\xe9',
        '',
        '\n',
        '\xe9\n\n',
        '\xe9 $1 "`',
        `'"\\$x\``,
        '-n\xe9',
        '-n',
        '%s',
        EVERY_BYTE,
      ];
      const show = 'printf "%s\\0" "$@"';
      expect(await start(['sh', '-c', show, 'sh', ...words.map(raw)], { PATH })).toBe(
        [...words, ''].join('\0'),
      );
    });

    it('variables, whose names no shell needs to know', async () => {
      const variables = {
        PATH,
        NAME: 'n\xe9\n',
        'n\xe9': 'x',
        'BASH_FUNC_f%%': '() { echo; }',
        '-i': '',
        v: 'kept',
        EVERY: EVERY_BYTE,
        SPACES: ' \xc3\xa9  ',
      };
      const given = Object.entries(variables).map(([name, value]) => [raw(name), raw(value)] as const);
      const told = (await start(['env', '-0'], Object.fromEntries(given))).split('\0');
      for (const [name, value] of Object.entries(variables)) expect(told).toContain(`${name}=${value}`);
    });

    it('and a program with "=" in its path is no variable', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'isodrive-words-'));
      const link = join(folder, 'a=b');
      await symlink('/bin/echo', link);
      expect(await start([link, 'x'], { PATH, NAME: raw('\xe9') })).toBe('x\n');
      await rm(folder, { recursive: true });
    });
  });
});
