// Bytes as text and back, and words of a shell.
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPathVariable } from '../../src/base/environment.js';
import { decodePath, encodePath, hostPath } from '../../src/base/path-text.js';
import { quoteForShell } from '../../src/base/shell-word.js';
import { disarmText, escapeText, unescapeText } from '../../src/base/display-name.js';

describe('A path as text', () => {
  it('becomes the same bytes again, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(encodePath(decodePath(bytes))).toEqual(Buffer.from(bytes));
        expect(encodePath(unescapeText(escapeText(decodePath(bytes))))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('is what everybody would read where it is UTF-8, and carries each other byte alone', () => {
    expect(decodePath(Buffer.from('\ufeffgr\u00f6\u00dfe \u{1f4bf}'))).toBe(
      '\ufeffgr\u00f6\u00dfe \u{1f4bf}',
    );
    expect(decodePath(Buffer.from('\u00f6\xe9', 'latin1'))).toBe('\udcf6\udce9');
    // A surrogate, an overlong form and a number beyond Unicode are no UTF-8 (RFC 3629 3).
    for (const hex of ['eda080', 'c0af', 'e08080', 'f4908080'])
      expect(decodePath(Buffer.from(hex, 'hex'))).toMatch(/^[\udc80-\udcff]+$/u);
    expect(hostPath('/a')).toBe('/a');
    expect(hostPath('/\udce9')).toEqual(Buffer.from('/\xe9', 'latin1'));
  });

  it('is unset where a variable is empty, and refused where it is not UTF-8', () => {
    expect(readPathVariable('X', { X: '' })).toBeUndefined();
    expect(readPathVariable('X', { X: '/a' })).toBe('/a');
    expect(() => readPathVariable('X', { X: '/\ufffd' })).toThrow('Environment variable X');
  });
});

describe('Text for people', () => {
  it('keeps its backslashes, and is as harmless a second time', () => {
    const text = disarmText('a\\b\u001b[31m\udce9');
    expect(text).toBe('a\\b\\x1b[31m\\xe9');
    expect(disarmText(text)).toBe(text);
  });

  it.each(['a b', "a'b", "'; touch x; '", '$(id)', 'a\\b', 'a\nb\u001b[31m', '\udce9'])(
    'is one word of a shell: %j',
    (text) => {
      const word = quoteForShell(text);
      expect(word).not.toMatch(/[\p{Cc}\udc80-\udcff]/u);
      expect(execFileSync('bash', ['-c', `printf %s ${word}`])).toEqual(encodePath(text));
    },
  );
});
