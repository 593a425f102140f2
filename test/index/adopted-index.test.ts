// An index that outlives its writer: another mapping of the same memory, as a successor has it.
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../native/index.js';
import { FindingLog } from '../../src/base/finding.js';
import { DiscIndex } from '../../src/index/disc-index.js';
import { SharedIndexMemory } from '../../src/index/index-memory.js';
import { HEADER, REGION_BYTES, ROW, ROW_WORDS, STATE } from '../../src/index/layout.js';
import { DIRECTORY, FILE, ROOT_LOCATOR, ScriptedTree } from '../support/fakes/scripted-tree.js';
import type { ScriptedNode } from '../support/fakes/scripted-tree.js';

const UPPER: [number, readonly ScriptedNode[]] = [
  ROOT_LOCATOR,
  [
    { name: 'a', mode: DIRECTORY, locator: 10 },
    { name: 'b', mode: DIRECTORY, locator: 20 },
  ],
];
const LOWER: [number, readonly ScriptedNode[]][] = [
  [10, [{ name: 'file', mode: FILE, size: 7, locator: 4096 }]],
  [20, [{ name: 'loop', mode: DIRECTORY, locator: ROOT_LOCATOR }]],
];

/** An index and a successor's view of its memory. */
async function openTwice(): Promise<{ first: DiscIndex; memory: SharedIndexMemory; tree: ScriptedTree }> {
  const addon = loadAddon();
  const region = addon.allocateIndexRegion(REGION_BYTES);
  const tree = new ScriptedTree(new Map([UPPER, ...LOWER]));
  const first = await DiscIndex.open(tree, new SharedIndexMemory(region.buffer), new FindingLog(), 'a.iso');
  const again = addon.adoptIndexRegion(addon.releaseIndexDescriptor(region.handle), REGION_BYTES);
  return { first, memory: new SharedIndexMemory(again.buffer, true), tree };
}

function unpublish({ table }: DiscIndex, row: number): void {
  table.memory.rows[row * ROW_WORDS + ROW.state] = STATE.unloaded;
}

describe('An adopted index', () => {
  it('shows what was published, under the same rows, and loads the rest', async () => {
    const { first, memory, tree } = await openTwice();
    const file = await first.resolve('/a/file');
    const adopted = DiscIndex.adopt(tree, memory, new FindingLog(), 'a.iso');
    expect(await adopted.resolve('/a/file')).toBe(file);
    expect(adopted.node(file)).toMatchObject({ size: 7 });
    expect(tree.listed.get(20)).toBeUndefined();
    await adopted.prefetch(new AbortController().signal);
    expect(tree.listed.get(10)).toBe(1);
    expect(tree.listed.get(20)).toBe(1);
  });

  it('drops a run that was appended and not published, and reads it again', async () => {
    const { first, memory, tree } = await openTwice();
    const row = await first.resolve('/a');
    await first.load(row);
    const rows = first.table.rowCount;
    unpublish(first, row);
    const adopted = DiscIndex.adopt(tree, memory, new FindingLog(), 'a.iso');
    expect(adopted.table.rowCount).toBe(rows - 1);
    await adopted.resolve('/a/file');
    expect(adopted.table.rowCount).toBe(rows);
    expect(tree.listed.get(10)).toBe(2);
  });

  it('still refuses directories that lead back to an ancestor, when its writer died before it could', async () => {
    const { first, memory, tree } = await openTwice();
    const loop = await first.resolve('/b/loop');
    unpublish(first, loop);
    const adopted = DiscIndex.adopt(tree, memory, new FindingLog(), 'a.iso');
    await expect(adopted.children(loop)).rejects.toMatchObject({ code: 'damaged' });
  });

  it('is refused when its memory is none of ours, or of another size', () => {
    const addon = loadAddon();
    const region = addon.allocateIndexRegion(REGION_BYTES);
    new Uint32Array(region.buffer)[HEADER.version] = 99;
    expect(() => new SharedIndexMemory(region.buffer, true)).toThrow(
      /^Cannot take over an index: found version 99/u,
    );
    const small = addon.releaseIndexDescriptor(addon.allocateIndexRegion(4096).handle);
    expect(() => addon.adoptIndexRegion(small, REGION_BYTES)).toThrow(/mmap/u);
  });
});
