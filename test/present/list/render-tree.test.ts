// The drawing of a tree.
import { describe, expect, it } from 'vitest';
import { IsodriveError } from '../../../src/base/error.js';
import { renderTree } from '../../../src/present/list/render-tree.js';
import { collect } from '../../support/judges/collect.js';
import { memoryImage } from '../../support/fakes/memory-tree.js';

describe('renderTree', () => {
  it('draws branches, targets and what cannot be listed, and counts', async () => {
    const fault = new IsodriveError('damaged', 'Records are damaged');
    const image = await memoryImage([
      {
        type: 'directory',
        name: 'a',
        children: [
          { type: 'directory', name: 'b', children: [{ type: 'file', name: 'c', content: '' }] },
          { type: 'symlink', name: 'l', target: 'b\n' },
        ],
      },
      { type: 'directory', name: 'bad', fault },
      { type: 'file', name: 'z', content: '' },
    ]);
    const lines = await collect(renderTree(image, 0));
    expect(lines).toEqual([
      '/',
      '\u251c\u2500\u2500 a',
      '\u2502   \u251c\u2500\u2500 b',
      '\u2502   \u2502   \u2514\u2500\u2500 c',
      '\u2502   \u2514\u2500\u2500 l -> b\\x0a',
      '\u251c\u2500\u2500 bad [Cannot list "/bad" of "memory.iso": its records are damaged]',
      '\u2514\u2500\u2500 z',
      '',
      '3 directories, 3 files',
    ]);
  });

  it('starts at any row', async () => {
    const image = await memoryImage([
      { type: 'directory', name: 'a', children: [{ type: 'file', name: 'f', content: '' }] },
    ]);
    const lines = await collect(renderTree(image, await image.index.resolve('/a')));
    expect(lines).toEqual(['/a', '\u2514\u2500\u2500 f', '', '0 directories, 1 file']);
  });

  it('stops with "cancelled" when it is aborted', async () => {
    const image = await memoryImage([{ type: 'file', name: 'f', content: '' }]);
    const lines = collect(renderTree(image, 0, AbortSignal.abort()));
    await expect(lines).rejects.toMatchObject({ code: 'cancelled' });
  });
});
