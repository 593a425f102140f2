// Runs the suite of trees on each view of the images at hand, and on those that are made of views.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { EmptyTree } from '../../src/filesystem/contract/empty-tree.js';
import { TREE_KINDS } from '../../src/filesystem/contract/file-tree.js';
import type { FileTree } from '../../src/filesystem/contract/file-tree.js';
import { openSource } from '../../src/image/open-image.js';
import type { OpenImageOptions } from '../../src/image/open-image.js';
import { readFaultInput } from '../support/builders/fault-input.js';
import { buildCdi } from '../support/builders/cd-i-builder.js';
import { buildOpera } from '../support/builders/opera-builder.js';
import { buildXdvdfs } from '../support/builders/xdvdfs-builder.js';
import { buildHfsPlus, ROOT, wrapInHfs } from '../support/builders/hfsplus-builder.js';
import { buildUdf, FREE_BLOCK, identifier, textFile } from '../../scripts/support/udf-builder.js';
import { makeDisc, makeNoise, openDiscOf } from '../support/builders/made-disc.js';
import { FaultySource } from '../support/fakes/faulty-source.js';
import { TREE_CHECKS } from './file-tree.js';
import type { OpenedTree } from './file-tree.js';

const CORPUS = join(import.meta.dirname, '..', 'corpus');

const folder = { parent: ROOT, id: 16, name: 'Folder', isFolder: true } as const;
const apple = buildHfsPlus('Apple', [
  folder,
  { parent: 16, id: 17, name: 'in pieces', data: Buffer.alloc(9000, 'abc'), fragments: 12 },
  {
    parent: ROOT,
    id: 18,
    name: 'noted',
    attributes: { 'user.note': Buffer.from('x') },
    data: Buffer.from('y'),
  },
]);
const universal = buildUdf({
  root: [identifier('f', FREE_BLOCK), identifier('g', FREE_BLOCK + 1)],
  blocks: { [FREE_BLOCK]: textFile(FREE_BLOCK, 'f'), [FREE_BLOCK + 1]: textFile(FREE_BLOCK + 1, 'g') },
});

const xbox = buildXdvdfs([
  { name: 'default.xbe', data: Buffer.from('game') },
  { name: 'empty', entries: [] },
  {
    name: 'media',
    entries: [
      { name: 'cut', size: 99_999 },
      { name: 'hidden', isUnreached: true },
    ],
  },
]);

const console3do = buildOpera([
  { name: 'LaunchMe', data: Buffer.from('game'), copies: 2 },
  { name: 'cut', places: [9000], size: 5 },
  {
    name: 'System',
    copies: 2,
    entries: [
      { name: 'empty', entries: [] },
      { name: 'gaps', gap: 1 },
    ],
  },
]);

const interactive = buildCdi([
  { name: 'cdi_app', data: Buffer.from('module'), attributes: 0x0555 },
  { name: 'film', data: Buffer.alloc(6144), size: 4096, interleave: [1, 1] },
  { name: 'song', sector: 9000, size: 5, attributes: 0x4111 },
  { name: 'CMDS', entries: [{ name: 'empty', entries: [] }] },
]);

/** Images by name, with views of every kind among them. */
const IMAGES = new Map<string, Uint8Array>([
  ['copying-rr.iso', await readFile(join(CORPUS, 'ok', 'copying-rr.iso'))],
  ['HFS+ of the builder', apple],
  ['HFS+ in HFS', wrapInHfs(apple)],
  ['UDF of the builder', universal],
  ['CD-i of the builder', interactive],
  ['Opera of the builder', console3do],
  ['XDVDFS of the builder', xbox],
]);
for (const name of [
  'bridge-long-names.iso',
  'fat12-three-tables.img',
  'hfs-shift-jis.img',
  'names-bom-and-latin1.iso',
  'zisofs2-256k-blocks.iso',
])
  IMAGES.set(name, await readFaultInput(name));

/** As little as possible is kept in memory, so that a medium that fails is met. */
async function openTree(
  bytes: Uint8Array,
  options: OpenImageOptions,
  choose: (trees: readonly FileTree[], shown: FileTree) => FileTree,
): Promise<OpenedTree> {
  const source = new FaultySource(bytes);
  const image = await openSource(source, { ...options, cacheBytes: 1 });
  return {
    tree: choose(image.trees, image.tree),
    source,
    again: () => openTree(bytes, options, choose),
    [Symbol.asyncDispose]: () => Promise.resolve(image[Symbol.asyncDispose]()),
  };
}

function openEmpty(): Promise<OpenedTree> {
  return Promise.resolve({
    tree: new EmptyTree('iso9660'),
    source: new FaultySource(Buffer.alloc(2048)),
    again: openEmpty,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

function run(openOne: () => Promise<OpenedTree>): void {
  for (const [sentence, check] of Object.entries(TREE_CHECKS)) {
    it(sentence, async () => {
      await using opened = await openOne();
      await check(opened);
    });
  }
}

async function openTracks(): Promise<OpenedTree> {
  const sound = makeNoise(20, 1);
  const made = makeDisc([
    { sound, title: 'First' },
    { data: Buffer.alloc(20 * 2048), pregap: 150 },
  ]);
  const image = await openDiscOf(made, { tree: 'tracks', cacheBytes: 1 });
  return {
    tree: image.tree,
    source: made.source,
    again: openTracks,
    [Symbol.asyncDispose]: () => Promise.resolve(image[Symbol.asyncDispose]()),
  };
}

describe('A tree of nothing', () => run(openEmpty));
describe('The tracks of a disc', () => run(openTracks));
const kinds = new Set<string>(['all', 'tracks', 'image']);
for (const [name, bytes] of IMAGES) {
  const image = await openSource(new FaultySource(bytes));
  image.trees.forEach(({ kind }, number) => {
    kinds.add(kind);
    describe(`The ${kind} tree of ${name}`, () => run(() => openTree(bytes, {}, (trees) => trees[number]!)));
  });
  await image[Symbol.asyncDispose]();
  describe(`All views of ${name}`, () => run(() => openTree(bytes, { tree: 'all' }, (_, shown) => shown)));
  describe(`Image files of ${name}`, () =>
    run(() => openTree(bytes, { tree: 'image' }, (_, shown) => shown)));
  describe(`${name} for Wine`, () => run(() => openTree(bytes, { wine: true }, (_, shown) => shown)));
}

describe('The suite of trees', () => {
  // Of ISO 9660:1999 there is no image at hand: it is the class of ISO 9660, with longer names.
  it('has met every kind but ISO 9660:1999', ({ expect }) => {
    expect(TREE_KINDS.filter((kind) => !kinds.has(kind))).toEqual(['iso9660-1999']);
  });
});
