// The extents of rows, however many a file has, and what holding them takes.
import { describe, expect, it } from 'vitest';
import { FindingLog } from '../../src/base/finding.js';
import { ContentOpener } from '../../src/image/content-opener.js';
import { DiscIndex } from '../../src/index/disc-index.js';
import { PlainIndexMemory } from '../../src/index/index-memory.js';
import { RowExtents } from '../../src/index/row-extents.js';
import { FaultySource } from '../support/fakes/faulty-source.js';
import { FILE, ROOT_LOCATOR, ScriptedTree } from '../support/fakes/scripted-tree.js';
import type { ScriptedNode } from '../support/fakes/scripted-tree.js';
import { heldBytes } from '../support/held-memory.js';

async function openFiles(files: readonly ScriptedNode[]): Promise<DiscIndex> {
  const tree = new ScriptedTree(new Map([[ROOT_LOCATOR, files]]));
  const index = await DiscIndex.open(tree, new PlainIndexMemory(), new FindingLog(), 'test.iso');
  await index.children(0);
  return index;
}

describe('the extents of a row', () => {
  it('are those of the file, with the bytes that it has behind each', async () => {
    const extents = [
      { offset: 2 ** 40, length: 2 ** 33 },
      { offset: undefined, length: 7 },
      { offset: 0, length: 1 },
    ];
    const index = await openFiles([
      { name: 'empty', mode: FILE },
      { name: 'many', mode: FILE, size: 2 ** 33 + 8, extents },
      { name: 'one', mode: FILE, size: 5, locator: 4096 },
    ]);
    const [empty, many, one] = ['empty', 'many', 'one'].map(
      (name) => new RowExtents(index.table, index.table.lookup(0, Buffer.from(name))),
    );
    expect([[...empty!], [...many!], [...one!]]).toEqual([[], extents, [{ offset: 4096, length: 5 }]]);
    expect([0, 1, 2, 3].map((i) => many!.at(i))).toEqual([...extents, undefined]);
    expect([0, 1, 2].map((i) => many!.end(i))).toEqual([2 ** 33, 2 ** 33 + 7, 2 ** 33 + 8]);
    expect([empty, many, one].map((of) => [of!.length, of!.bytes])).toEqual([
      [0, 0],
      [3, 2 ** 33 + 8],
      [1, 5],
    ]);
    expect([empty!.at(0), one!.at(1)]).toEqual([undefined, undefined]);
  });

  it('take no memory beside the index, for all files that are open', async () => {
    const extents = Array.from({ length: 10_000 }, (_, i) => ({ offset: 2 * i, length: 1 }));
    const names = Array.from({ length: 64 }, (_, i) => String(i));
    const index = await openFiles(names.map((name) => ({ name, mode: FILE, size: extents.length, extents })));
    const opener = new ContentOpener(index, new FaultySource(Buffer.alloc(20_000, 'x')));
    const before = heldBytes();
    for (const name of names) {
      const target = Buffer.alloc(3);
      const content = opener.open(index.table.lookup(0, Buffer.from(name)));
      expect(await content.read(target, extents.length - 3)).toBe(3);
      expect(target.toString()).toBe('xxx');
    }
    expect(heldBytes() - before).toBeLessThan(2 * extents.length * names.length);
  });
});
