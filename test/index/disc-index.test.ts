// The table, the lazy loader and its bounds, over trees that say what a test tells them.
import { describe, expect, it } from 'vitest';
import { IsodriveError } from '../../src/base/error.js';
import { FindingLog } from '../../src/base/finding.js';
import { DirectoryEntry } from '../../src/filesystem/contract/file-tree.js';
import { DiscIndex, MAX_DEPTH, MAX_SHARED_DIRECTORIES } from '../../src/index/disc-index.js';
import { PlainIndexMemory, SharedIndexMemory, ThreadIndexMemory } from '../../src/index/index-memory.js';
import type { IndexMemory } from '../../src/index/index-memory.js';
import { DirectoryStage, MAX_DIRECTORY_ENTRIES, MAX_FILE_BYTES } from '../../src/index/directory-stage.js';
import { MAX_ROWS, REGION_BYTES } from '../../src/index/layout.js';
import { readAttributes } from '../../src/index/node-record.js';
import { RowExtents } from '../../src/index/row-extents.js';
import { loadAddon } from '../../native/index.js';
import { DIRECTORY, FILE, LINK, ScriptedTree, ROOT_LOCATOR } from '../support/fakes/scripted-tree.js';
import type { ScriptedNode } from '../support/fakes/scripted-tree.js';

const memories: [string, () => IndexMemory][] = [
  ['growable arrays', () => new PlainIndexMemory()],
  ['buffers that threads share', () => ThreadIndexMemory.allocate()],
  ['the shared region', () => new SharedIndexMemory(loadAddon().allocateIndexRegion(REGION_BYTES).buffer)],
];

async function open(
  directories: [number, readonly ScriptedNode[] | Error][],
  memory: IndexMemory = new PlainIndexMemory(),
) {
  const tree = new ScriptedTree(new Map(directories));
  return { tree, index: await DiscIndex.open(tree, memory, new FindingLog(), 'test.iso') };
}

async function names(index: DiscIndex, path = '/'): Promise<string[]> {
  const { first, count } = await index.children(await index.resolve(path));
  return Array.from({ length: count }, (_, i) => Buffer.from(index.table.name(first + i)).toString('latin1'));
}

describe.each(memories)('an index in %s', (_, createMemory) => {
  it('gives back every attribute that was put in', async () => {
    const attributes = [
      ['user.a', Buffer.from('one')],
      ['user.b', Buffer.alloc(300, 7)],
    ] as const;
    const extents = [
      { offset: 6_000_000_000, length: 5_000_000_000 },
      { offset: undefined, length: 2048 },
    ];
    const { index } = await open(
      [
        [
          ROOT_LOCATOR,
          [
            { name: 'big', mode: FILE, size: 5_000_002_048, extents, inode: 9_007_199_254_740_991, links: 3 },
            {
              name: 'old',
              mode: FILE,
              seconds: -2_208_988_800,
              microseconds: 999_999,
              size: 5,
              locator: 4096,
            },
            { name: 'future', mode: FILE, seconds: 253_402_300_799, attributes },
            { name: 'link', mode: LINK, target: '../there' },
            { name: 'dev', mode: 0o020644, device: { major: 300, minor: 70_000 } },
          ],
        ],
      ],
      createMemory(),
    );
    expect(await names(index)).toEqual(['big', 'dev', 'future', 'link', 'old']);
    const node = async (path: string) => index.node(await index.resolve(path));
    expect(await node('big')).toMatchObject({ size: 5_000_002_048, inode: 9_007_199_254_740_991, links: 3 });
    expect([...new RowExtents(index.table, await index.resolve('big'))]).toEqual(extents);
    expect((await node('old')).modified).toEqual({ seconds: -2_208_988_800, microseconds: 999_999 });
    expect([...new RowExtents(index.table, await index.resolve('old'))]).toEqual([
      { offset: 4096, length: 5 },
    ]);
    expect((await node('future')).modified.seconds).toBe(253_402_300_799);
    expect(readAttributes(index.table, await index.resolve('future'))).toEqual(
      new Map(attributes.map(([name, value]) => [name, new Uint8Array(value)])),
    );
    expect(Buffer.from((await node('link')).target ?? []).toString()).toBe('../there');
    expect(await node('dev')).toMatchObject({ type: 'char', device: { major: 300, minor: 70_000 } });
  });

  it('finds each of many names by binary search, whatever order the disc has', async () => {
    const nodes = Array.from({ length: 5000 }, (_, i) => ({
      name: `n${(i * 7919) % 5000}`,
      mode: FILE,
      inode: i + 1,
    }));
    const { index } = await open([[ROOT_LOCATOR, nodes]], createMemory());
    await index.children(0);
    for (const { name, inode } of nodes) expect(index.node(await index.resolve(name)).inode).toBe(inode);
  });
});

describe('the index', () => {
  it('lists a directory once, however many ask at the same time', async () => {
    const { index, tree } = await open([[ROOT_LOCATOR, [{ name: 'a', mode: FILE }]]]);
    await Promise.all(Array.from({ length: 20 }, () => index.children(0)));
    await index.children(0);
    expect(tree.listed.get(ROOT_LOCATOR)).toBe(1);
  });

  it('makes names fit for a directory and keeps duplicates apart', async () => {
    const bad: ScriptedNode[] = ['a/b', '.', '..', 'x\0y', 'same', 'same', 'same', ''].map((name) => ({
      name,
      mode: FILE,
    }));
    const { index } = await open([[ROOT_LOCATOR, bad]]);
    expect(await names(index)).toEqual(['_', '_.', 'a_b', 'same', 'same~2', 'same~3', 'x_y']);
    expect(new Set(index.findings.findings.map(({ code }) => code))).toEqual(
      new Set(['invalid-name', 'duplicate-name', 'empty-name']),
    );
  });

  it('keeps the suffix of what it cuts and of duplicates, and cuts no character', async () => {
    const long = '\u7d71'.repeat(100);
    const wanted = [`${long}.txt`, `${long}x.txt`, 'a.txt', 'a.txt', '.rc', '.rc', `z.${long}`];
    const { index } = await open([[ROOT_LOCATOR, wanted.map((name) => ({ name, mode: FILE }))]]);
    const shown = (await names(index)).map((name) => Buffer.from(name, 'latin1').toString());
    expect(shown).toEqual([
      ...['.rc', '.rc~2', 'a.txt', 'a~2.txt', `z.${'\u7d71'.repeat(84)}`],
      ...[`${'\u7d71'.repeat(83)}.txt`, `${'\u7d71'.repeat(83)}~2.txt`],
    ]);
  });

  it('cuts a name over 255 bytes between two characters', async () => {
    const { index } = await open([[ROOT_LOCATOR, [{ name: 'e'.repeat(254) + '\u00e9\u00e9', mode: FILE }]]]);
    expect(await names(index)).toEqual(['e'.repeat(254)]);
    expect(index.findings.findings[0]?.code).toBe('long-name');
  });

  it('refuses to open a directory that is its own ancestor', async () => {
    const loop = { name: 'loop', mode: DIRECTORY, locator: ROOT_LOCATOR };
    const { index } = await open([[ROOT_LOCATOR, [loop, { name: 'file', mode: FILE }]]]);
    expect(await names(index)).toEqual(['file', 'loop']);
    await expect(index.children(await index.resolve('loop'))).rejects.toMatchObject({ code: 'damaged' });
  });

  it.each([
    [MAX_DEPTH - 1, true],
    [MAX_DEPTH, false],
  ])('opens a directory %d levels down: %s', async (depth, opens) => {
    const chain = Array.from({ length: depth }, (_, i): [number, ScriptedNode[]] => [
      ROOT_LOCATOR + i,
      [{ name: 'd', mode: DIRECTORY, locator: ROOT_LOCATOR + i + 1 }],
    ]);
    const { index } = await open(chain);
    const row = await index.resolve('d/'.repeat(depth));
    const children = index.children(row);
    await (opens
      ? expect(children).resolves.toMatchObject({ count: 0 })
      : expect(children).rejects.toThrow('damaged'));
  });

  it('bounds a tree whose directories share their children', async () => {
    // Every level has two names for the next one: 2^40 paths in 40 directories.
    const levels = Array.from({ length: 40 }, (_, i): [number, ScriptedNode[]] => [
      ROOT_LOCATOR + i,
      ['a', 'b'].map((name) => ({ name, mode: DIRECTORY, locator: ROOT_LOCATOR + i + 1 })),
    ]);
    const { index } = await open(levels);
    await index.prefetch(new AbortController().signal);
    expect(index.table.rowCount).toBeLessThan(4 * MAX_SHARED_DIRECTORIES + 100);
  });

  it('fails a damaged directory alone, and asks again after a medium that failed', async () => {
    const unreadable = new IsodriveError('image-unreadable', 'Cannot read sector 9');
    const { index, tree } = await open([
      [
        ROOT_LOCATOR,
        [
          { name: 'bad', mode: DIRECTORY, locator: 8 },
          { name: 'gone', mode: DIRECTORY, locator: 9 },
          { name: 'good', mode: FILE },
        ],
      ],
      [8, new IsodriveError('damaged', 'Record ends early')],
      [9, unreadable],
    ]);
    await expect(index.children(await index.resolve('bad'))).rejects.toMatchObject({ code: 'damaged' });
    expect(index.findings.findings.map(({ code }) => code)).toEqual(['unreadable-directory']);
    for (let i = 0; i < 2; i += 1)
      await expect(index.children(await index.resolve('gone'))).rejects.toBe(unreadable);
    expect(tree.listed.get(9)).toBe(2);
    expect(tree.listed.get(8)).toBe(1);
  });

  it('says which part of a path is not there', async () => {
    const { index } = await open([[ROOT_LOCATOR, [{ name: 'a', mode: FILE }]]]);
    await expect(index.resolve('/a/b')).rejects.toThrow(
      'Cannot find "/a/b" in "test.iso": "/a" is no directory',
    );
    await expect(index.resolve('/c')).rejects.toThrow('"/" has no "c"');
  });

  it('shows a file of a size that none can have with the bytes that have a place', async () => {
    const extents = [
      { offset: 2048, length: 2048 },
      { offset: undefined, length: 100 },
    ];
    const findings = new FindingLog();
    const nodes: ScriptedNode[] = [
      { name: 'a', mode: FILE, size: MAX_FILE_BYTES, locator: 4096 },
      { name: 'b', mode: FILE, size: MAX_FILE_BYTES + 1, locator: 4096 },
      { name: 'c', mode: FILE, size: 2 ** 64, extents },
    ];
    const tree = new ScriptedTree(new Map([[ROOT_LOCATOR, nodes]]));
    const index = await DiscIndex.open(tree, new PlainIndexMemory(), findings, 'test.iso');
    const { first } = await index.children(0);
    expect([0, 1, 2].map((i) => index.node(first + i).size)).toEqual([MAX_FILE_BYTES, 0, 2148]);
    expect([...new RowExtents(index.table, first + 1)]).toEqual([]);
    expect([...new RowExtents(index.table, first + 2)]).toEqual(extents);
    expect(findings.findings.map(({ code }) => code)).toEqual(['impossible-size', 'impossible-size']);
  });

  it('takes as many entries of one directory as its stage allows and no more', () => {
    const limit = 1000;
    const stage = new DirectoryStage(limit);
    stage.begin('test.iso', () => undefined);
    const entry = new DirectoryEntry();
    entry.mode = FILE;
    const add = (number: number): void => {
      entry.nameLength = new TextEncoder().encodeInto(`name ${number}`, entry.name).written;
      stage.add(entry);
    };
    for (let number = 0; number < limit; number += 1) add(number);
    expect(() => add(limit)).toThrow(`Directory has more than ${limit} entries`);
    expect(stage.count).toBe(limit);
    expect(MAX_DIRECTORY_ENTRIES).toBeLessThan(MAX_ROWS);
  });

  it('takes as many rows as the layout allows and no more', () => {
    const memory = new PlainIndexMemory();
    expect(() => memory.reserve(MAX_ROWS + 1, 0, 0)).toThrow(
      `it has ${MAX_ROWS + 1} entries, expected at most ${MAX_ROWS}`,
    );
  });
});
