// Tables stand in columns on a terminal, whatever names are in them.
import { describe, expect, it } from 'vitest';
import { escapeHostText } from '../../src/base/display-name.js';
import { formatTable } from '../../src/cli/format-table.js';

describe('A table', () => {
  it('has columns as wide as their longest text, and none without rows', async () => {
    expect(
      await formatTable(
        ['A', 'B'],
        [
          ['long', 'x'],
          ['', 'y'],
        ],
      ),
    ).toEqual(['A     B', 'long  x', '-     y']);
    expect(await formatTable(['A'], [])).toEqual([]);
  });

  it.each([
    ['wide characters', '\u65e5\u672c', 4],
    ['halfwidth characters and their marks', '\uff8a\uff9f', 2],
    ['Latin letters beyond ASCII', 'Gr\u00f6\u00dfe', 5],
    ['combining characters', 'e\u0301', 1],
    ['several marks of one letter', '\u0928\u093f\u0947a', 3],
    ['nothing that can be seen', '\u200b', 0],
    ['emoji', '\u{1f4bf}', 2],
    ['emoji of several characters', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}', 2],
    ['emoji with a colour of skin', '\u{1f44d}\u{1f3fd}', 2],
    ['flags', '\u{1f1ef}\u{1f1f5}', 2],
    ['escapes, which are what is shown', '\u001b[m', 6],
    ['bytes that are not UTF-8, as escapes', '\udce9', 4],
  ])('stands in columns beside %s', async (_, text, columns) => {
    const [, first, second] = await formatTable(
      ['A', 'B'],
      [
        [text, 'x'],
        ['0123456789', 'y'],
      ],
    );
    expect(first).toBe(`${escapeHostText(text)}${' '.repeat(12 - columns)}x`);
    expect(second).toBe('0123456789  y');
  });
});
