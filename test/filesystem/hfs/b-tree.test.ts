// The limits of a B-tree: levels that a search goes down, and leaves that all searches together go on to.
import { describe, expect, it } from 'vitest';
import { BTree, MAX_LEAF_ROUNDS, MAX_LEVELS, SPARE_LEAVES } from '../../../src/filesystem/hfs/b-tree.js';
import { MemorySource } from '../../support/fakes/memory-tree.js';

const NODE = 512;
const INDEX = 0;
const LEAF = 0xff;

/** A node with one record of HFS+: a key of four bytes, and a number. */
function makeNode(kind: number, key: number, value: number, next = 0): Buffer {
  const node = Buffer.alloc(NODE);
  node.writeUInt32BE(next, 0);
  node[8] = kind;
  node.writeUInt16BE(1, 10);
  node.writeUInt16BE(4, 14);
  node.writeUInt32BE(key, 16);
  node.writeUInt32BE(value, 20);
  node.writeUInt16BE(14, NODE - 2);
  node.writeUInt16BE(24, NODE - 4);
  return node;
}

function openTree(nodes: readonly Buffer[]): Promise<BTree> {
  const header = Buffer.alloc(NODE);
  header[8] = 1;
  header.writeUInt32BE(1, 16);
  header.writeUInt16BE(NODE, 32);
  header.writeUInt32BE(4, 52);
  const bytes = Buffer.concat([header, ...nodes]);
  const fork = { size: bytes.length, extents: [{ offset: 0, length: bytes.length }] };
  return BTree.open(new MemorySource(bytes), fork, { keyLengthBytes: 2, title: 'the catalog' });
}

describe('A B-tree', () => {
  it.each([
    [MAX_LEVELS, true],
    [MAX_LEVELS + 1, false],
  ])('of %i levels is searched: %s', async (levels, isSearched) => {
    const indexes = Array.from({ length: levels - 1 }, (_, i) => makeNode(INDEX, 7, i + 2));
    const tree = await openTree([...indexes, makeNode(LEAF, 7, 1)]);
    const found = tree.find((key) => key.u32be(0) - 7);
    if (isSearched) expect((await found)?.data.u32be(0)).toBe(1);
    else await expect(found).rejects.toMatchObject({ code: 'damaged' });
  });

  it('has its leaves gone on to as often as a sound one needs, and no more', async () => {
    const tree = await openTree([makeNode(LEAF, 1, 10, 2), makeNode(LEAF, 7, 20)]);
    const most = SPARE_LEAVES + 3 * MAX_LEAF_ROUNDS;
    const find = async (): Promise<number | undefined> =>
      (await tree.find((key) => key.u32be(0) - 7))?.data.u32be(0);
    for (let i = 0; i < most; i += 1) expect(await find()).toBe(20);
    await expect(find()).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('walked more often than a sound tree needs') as string,
    });
  });
});
