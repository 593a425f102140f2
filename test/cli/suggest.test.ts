// What somebody may have meant.
import { describe, expect, it } from 'vitest';
import { askWhetherMeant, findSimilar } from '../../src/cli/suggest.js';

describe('A suggestion', () => {
  const commands = ['mount', 'unmount', 'umount', 'list', 'ls', 'extract', 'completion'];
  it.each([
    ['muont', ['mount']],
    ['mout', ['mount']],
    ['umout', ['umount']],
    ['unount', ['unmount', 'umount']],
    ['sl', ['ls']],
    ['EXTRAT', ['extract']],
    ['compeltoin', ['completion']],
    ['frobnicate', []],
    ['x', []],
    ['', []],
    ['m'.repeat(100_000), []],
  ])('for a word that is near one or more: %#', (word, expected) => {
    expect(findSimilar(word, commands)).toEqual(expected);
  });

  it('is a question, or none', () => {
    expect(askWhetherMeant('lst', ['list', 'last', 'lest'])).toBe('Did you mean list, last or lest?');
    expect(askWhetherMeant('nothing', commands)).toBeUndefined();
  });
});
