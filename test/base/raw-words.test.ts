// Programs get the very bytes of their words, whatever these are.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { decodePath } from '../../src/base/path-text.js';
import { spawnableWords } from '../../src/base/raw-words.js';

const run = promisify(execFile);
const raw = (text: string): string => decodePath(Buffer.from(text, 'latin1'));

describe('Words for a program', () => {
  it('stay as they are where all are UTF-8', () => {
    expect(spawnableWords(['echo', 'a b', '\u00e9'], { NAME: '\u00e9' })).toEqual([
      'echo',
      ['a b', '\u00e9'],
    ]);
  });

  it.skipIf(process.platform === 'win32')(
    'arrive as bytes: quotes, ends of lines, nothing, every byte',
    async () => {
      const all = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join('');
      const words = ['caf\xe9', '', '\n', '\n\n', `'"\\$x\``, '-n', '%s', all];
      const show = 'printf "%s\\0" "$@"; printf %s "$NAME"; test -z "$v"';
      const [program, parameters] = spawnableWords(['sh', '-c', show, 'sh', ...words.map(raw)], {
        NAME: raw('n\xe9\n'),
      });
      const { stdout } = await run(program, parameters, { encoding: 'latin1' });
      expect(stdout.split('\0')).toEqual([...words, 'n\xe9\n']);
    },
  );
});
