// What of a tree is loaded ahead, and when loading stops for those who wait.
import { describe, expect, it } from 'vitest';
import { FindingLog } from '../../src/base/finding.js';
import { DiscIndex } from '../../src/index/disc-index.js';
import { PlainIndexMemory } from '../../src/index/index-memory.js';
import { LoadOrder, MAX_STEPS } from '../../src/index/load-order.js';
import { DIRECTORY, FILE, ROOT_LOCATOR, ScriptedTree } from '../support/fakes/scripted-tree.js';
import type { ScriptedNode } from '../support/fakes/scripted-tree.js';

const directory = (name: string, locator: number): ScriptedNode => ({ name, mode: DIRECTORY, locator });
const forever = new AbortController().signal;

/** Two directories of two each; on the disc, the last ones come first. */
const TREE: [number, readonly ScriptedNode[]][] = [
  [ROOT_LOCATOR, [directory('a', 30), directory('b', 20), { name: 'c', mode: FILE }]],
  [30, [{ name: '0', mode: FILE }, directory('a1', 34), directory('a2', 33)]],
  [20, [directory('b1', 24), directory('b2', 23)]],
  [34, [directory('a1x', 40)]],
];

async function open(directories: [number, readonly ScriptedNode[]][] = TREE) {
  const tree = new ScriptedTree(new Map(directories));
  const index = await DiscIndex.open(tree, new PlainIndexMemory(), new FindingLog(), 'test.iso');
  const listed = (): number[] => [...tree.listed.keys()];
  return { tree, index, listed };
}

describe('loading ahead', () => {
  it('goes by generations in the order of the disc where nobody waits', async () => {
    const { index, listed } = await open();
    await index.prefetch(forever);
    expect(listed()).toEqual([ROOT_LOCATOR, 20, 30, 23, 24, 33, 34, 40]);
  });

  it('goes on behind a directory that somebody waited for, depth first by name, and comes back for the rest', async () => {
    const { index, listed } = await open();
    await index.load(await index.resolve('/a/a1'));
    await index.prefetch(forever);
    expect(listed()).toEqual([ROOT_LOCATOR, 30, 34, 40, 33, 20, 24, 23]);
  });

  it('follows whoever waited last, and loads nothing twice', async () => {
    const { index, listed, tree } = await open();
    const asked: string[] = ['/b/b1', '/a/a1'];
    const pause = async (): Promise<void> => {
      const path = asked.pop();
      if (path !== undefined) await index.load(await index.resolve(path));
    };
    await index.loadAll(forever, pause, () => asked.length > 0);
    // The root alone is loaded before the first pause; the second directory was there already at the second one.
    expect(listed().slice(0, 4)).toEqual([ROOT_LOCATOR, 30, 34, 40]);
    expect([...tree.listed.values()].every((times) => times === 1)).toBe(true);
    expect(listed()).toHaveLength(8);
  });

  it('lets whoever waits go first after the directory it is at', async () => {
    const { index, listed } = await open();
    let isWaiting = false;
    const loadedBefore: number[] = [];
    const pause = (): Promise<void> => {
      if (isWaiting) loadedBefore.push(listed().length);
      isWaiting = false;
      return Promise.resolve();
    };
    await index.loadAll(forever, pause, () => {
      isWaiting = listed().length === 3;
      return isWaiting;
    });
    expect(loadedBefore).toEqual([3]);
  });

  it('ends with its signal', async () => {
    const { index, listed } = await open();
    const end = new AbortController();
    // It also pauses by itself, when a slow machine has used up its time.
    const pause = (): Promise<void> => {
      if (listed().length === 2) end.abort();
      return Promise.resolve();
    };
    const loaded = index.loadAll(end.signal, pause, () => listed().length === 2);
    await expect(loaded).rejects.toMatchObject({ code: 'cancelled' });
    expect(listed()).toHaveLength(2);
  });

  it('goes on with an index that another reader has begun', async () => {
    const { index, tree } = await open();
    await index.load(await index.resolve('/a/a1'));
    const adopted = DiscIndex.adopt(tree, index.table.memory, new FindingLog(), 'test.iso');
    await adopted.load(await adopted.resolve('/b'));
    await adopted.prefetch(forever);
    expect([...tree.listed.entries()]).toEqual(
      [ROOT_LOCATOR, 30, 34, 20, 24, 23, 33, 40].map((row) => [row, 1]),
    );
  });

  it.each([
    [MAX_STEPS, 'walk'],
    [MAX_STEPS + 1, 'generation'],
  ])('past %d loaded directories the next one is that of the %s', async (steps, from) => {
    // One that is not loaded stands so many steps behind the first, another one comes first on the disc.
    const inside = Array.from({ length: steps + 2 }, (_, i) =>
      directory(`d${String(i).padStart(5, '0')}`, 1000 + steps - i),
    );
    const { index } = await open([[ROOT_LOCATOR, inside]]);
    const { first, count } = await index.children(0);
    const last = first + count - 1;
    for (let row = first; row < last - 1; row += 1) await index.load(row);
    const order = new LoadOrder(index.table);
    for (let row = first; row <= last; row += 1) order.add(row);
    order.follow(first);
    expect(order.next()).toBe(from === 'walk' ? last - 1 : last);
    expect(order.next()).toBe(from === 'walk' ? last : last - 1);
  });
});
