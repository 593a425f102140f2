// The writer's output, read back by the reader of the tests: for what no mastering tool writes, and for indexes whose
// rows are wrong, as no parser should leave them.
import { mkdtempSync, rmSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { SplitSource } from '../../../src/container/split/split-source.js';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { FindingLog } from '../../../src/base/finding.js';
import { IsodriveError } from '../../../src/base/error.js';
import { DiscIndex } from '../../../src/index/disc-index.js';
import { PlainIndexMemory } from '../../../src/index/index-memory.js';
import { EXTENT_WORDS, ROW_WORDS } from '../../../src/index/layout.js';
import { writeMetadata } from '../../../src/mount/erofs/write-metadata.js';
import type { MetadataSummary } from '../../../src/mount/erofs/write-metadata.js';
import { readErofs } from '../../support/judges/erofs-reader.js';
import type { ErofsEntry } from '../../support/judges/erofs-reader.js';
import { MemorySource, memoryImage } from '../../support/fakes/memory-tree.js';
import type { TestNode } from '../../support/fakes/memory-tree.js';
import { DIRECTORY, FILE, LINK, ROOT_LOCATOR, ScriptedTree } from '../../support/fakes/scripted-tree.js';
import type { ScriptedNode } from '../../support/fakes/scripted-tree.js';

const folder = mkdtempSync(join(tmpdir(), 'isodrive-erofs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const IMAGE = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));

interface Written {
  readonly summary: MetadataSummary;
  readonly metadata: Buffer;
}

/** `cuts`: bytes at which the image was split into files. */
async function write(
  index: DiscIndex,
  bytes: Uint8Array,
  blockSize?: number,
  cuts: readonly number[] = [],
): Promise<Written> {
  const path = join(folder, 'out.erofs');
  await using file = await open(path, 'w+');
  const parts = splitAt(bytes, cuts).map((part) => new MemorySource(part));
  const data = PlanStream.plain(parts.length === 1 ? parts[0]! : new SplitSource(parts));
  const options = blockSize === undefined ? {} : { blockSize };
  const summary = await writeMetadata({ index, data, label: 'LABEL', ...options }, file);
  return { summary, metadata: await readFile(path) };
}

function splitAt(bytes: Uint8Array, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts, bytes.length];
  return ends.map((end, i) => Buffer.from(bytes.subarray(i === 0 ? 0 : ends[i - 1], end)));
}

async function openScripted(
  directories: ReadonlyMap<number, readonly ScriptedNode[] | Error>,
): Promise<DiscIndex> {
  return DiscIndex.open(
    new ScriptedTree(directories),
    new PlainIndexMemory(),
    new FindingLog(),
    'memory.iso',
  );
}

/** What a reader sees of a root with these entries, over IMAGE. */
async function show(nodes: readonly ScriptedNode[], blockSize?: number): Promise<Map<string, ErofsEntry>> {
  const { metadata } = await write(await openScripted(new Map([[ROOT_LOCATOR, nodes]])), IMAGE, blockSize);
  return new Map(readErofs(metadata, IMAGE).map((entry) => [entry.path, entry]));
}

describe('EROFS metadata', () => {
  it('shows owner, mode, links, size, and times with microseconds, before 1970 as well', async () => {
    const node = {
      name: 'f',
      mode: FILE,
      size: 5,
      locator: 4096,
      links: 3,
      seconds: -2,
      microseconds: 999_999,
    };
    const entry = (await show([node])).get('/f');
    expect(entry).toMatchObject({ mode: FILE, size: 5, links: 3, seconds: -2n, nanoseconds: 999_999_000 });
    expect(entry?.content).toEqual(IMAGE.subarray(4096, 4101));
  });

  it('keeps "." and ".." in their places among names that sort before and between them', async () => {
    const names = [' ', '!bang', '-', '.,', '..\x01', '...', '.a', '.\x01', '0', 'a'];
    const shown = await show(names.map((name) => ({ name, mode: FILE })));
    expect([...shown.keys()].sort()).toEqual(['/', ...names.map((name) => `/${name}`)].sort());
  });

  it('splits large directories into blocks, whatever the block size', async () => {
    const nodes = Array.from({ length: 3000 }, (_, i) => ({
      name: `${i}-${'n'.repeat(i % 240)}`,
      mode: FILE,
    }));
    for (const blockSize of [512, 1024, 2048, 4096]) expect((await show(nodes, blockSize)).size).toBe(3001);
  });

  it('lists scattered extents in the largest chunks whose boundaries they keep, and holes', async () => {
    const extents = [
      { offset: 8192, length: 4096 },
      { offset: undefined, length: 8192 },
      { offset: 32_768, length: 4096 },
      { offset: 20_480, length: 100 },
    ];
    const size = 16_484;
    const { content } = (await show([{ name: 'f', mode: FILE, size, extents }])).get('/f')!;
    const expected = [IMAGE.subarray(8192, 12_288), Buffer.alloc(8192), IMAGE.subarray(32_768, 36_864)];
    expect(content).toEqual(Buffer.concat([...expected, IMAGE.subarray(20_480, 20_580)]));
  });

  it('copies files that do not lie in whole blocks, and those of odd extents', async () => {
    const nodes = [
      { name: 'a', mode: FILE, size: 3000, locator: 100 },
      {
        name: 'b',
        mode: FILE,
        size: 300,
        extents: [
          { offset: 2048, length: 100 },
          { offset: 4096, length: 200 },
        ],
      },
    ];
    const index = await openScripted(new Map([[ROOT_LOCATOR, nodes]]));
    const { summary, metadata } = await write(index, IMAGE);
    const shown = new Map(readErofs(metadata, IMAGE).map((entry) => [entry.path, entry.content]));
    expect(summary.copiedBytes).toBe(3300);
    expect(shown.get('/a')).toEqual(IMAGE.subarray(100, 3100));
    expect(shown.get('/b')).toEqual(Buffer.concat([IMAGE.subarray(2048, 2148), IMAGE.subarray(4096, 4296)]));
  });

  it('takes extents that follow each other for one run', async () => {
    const extents = [
      { offset: 2048, length: 3000 },
      { offset: 5048, length: 1000 },
    ];
    const index = await openScripted(
      new Map([[ROOT_LOCATOR, [{ name: 'f', mode: FILE, size: 4000, extents }]]]),
    );
    const { summary, metadata } = await write(index, IMAGE);
    expect(summary.copiedBytes).toBe(0);
    expect(readErofs(metadata, IMAGE)[1]?.content).toEqual(IMAGE.subarray(2048, 6048));
  });

  it('takes smaller blocks where larger ones would have much copied', async () => {
    const length = 100 * 1_048_576;
    const index = await openScripted(
      new Map([[ROOT_LOCATOR, [{ name: 'f', mode: FILE, size: length - 2560, locator: 2560 }]]]),
    );
    const { summary } = await write(index, Buffer.alloc(length));
    expect(summary).toMatchObject({ blockSize: 512, copiedBytes: 0 });
  });

  it('gives names of one file one node, and files that only claim it nodes of their own', async () => {
    const same = { mode: FILE, size: 5, locator: 2048, links: 2, inode: 77 };
    const shown = await show([
      { name: 'a', ...same },
      { name: 'b', ...same },
      { name: 'c', ...same, locator: 4096 },
    ]);
    expect(shown.get('/a')?.node).toBe(shown.get('/b')?.node);
    expect(shown.get('/c')?.node).not.toBe(shown.get('/a')?.node);
    expect(shown.get('/c')?.content).toEqual(IMAGE.subarray(4096, 4101));
  });

  it('shows short and long targets of symlinks, and device numbers of any size', async () => {
    const long = 't'.repeat(4000);
    const shown = await show([
      { name: 'l', mode: LINK, target: 'short' },
      { name: 'm', mode: LINK, target: long },
      { name: 'd', mode: 0o020600, device: { major: 300, minor: 70_000 } },
    ]);
    expect(shown.get('/l')?.content?.toString()).toBe('short');
    expect(shown.get('/m')?.content?.toString()).toBe(long);
    // Linux: 12 bits of major above the low 8 of minor, the rest of minor above both.
    expect(shown.get('/d')?.device).toBe((70_000 & 0xff) | (300 << 8) | ((70_000 & 0xfff00) << 12));
  });

  it('stores attributes that repeat once, and shows all that Linux has', async () => {
    const acl = Buffer.from([2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255]);
    const attributes = (own: string): [string, Uint8Array][] => [
      ['user.own', Buffer.from(own)],
      ['user.same', Buffer.from('same')],
      ['system.posix_acl_access', acl],
      ['odd.name', Buffer.from('Linux has no such name')],
    ];
    const nodes = Array.from({ length: 300 }, (_, i) => ({
      name: `f${i}`,
      mode: FILE,
      attributes: attributes(String(i)),
    }));
    const shown = await show(nodes);
    expect([...shown.get('/f7')!.attributes].sort()).toEqual([
      ['system.posix_acl_access', acl.toString('latin1')],
      ['user.own', '7'],
      ['user.same', 'same'],
    ]);
  });

  it('shows files of an image of several files, within one of them and across their borders', async () => {
    const nodes = [
      { name: 'first', mode: FILE, size: 8192, locator: 0 },
      { name: 'across', mode: FILE, size: 12_000, locator: 16_384 },
      { name: 'across both', mode: FILE, size: 40_000, locator: 14_336 },
      { name: 'second', mode: FILE, size: 3000, locator: 22_528 },
      { name: 'behind', mode: FILE, size: 9001, locator: 51_200 },
      {
        ...{ name: 'scattered', mode: FILE, size: 10_340 },
        extents: [
          { offset: 51_200, length: 4096 },
          { offset: 20_480 - 2048, length: 4096 },
          { offset: undefined, length: 2048 },
          { offset: 0, length: 100 },
        ],
      },
    ];
    const index = await openScripted(new Map([[ROOT_LOCATOR, nodes]]));
    const contents = (name: string): Buffer | undefined => {
      const { size, locator = 0 } = nodes.find((one) => one.name === name) as ScriptedNode & { size: number };
      return name === 'scattered' ? undefined : IMAGE.subarray(locator, locator + size);
    };
    for (const [cuts, copied] of [
      [[20_480, 40_960], 0],
      // Within a block: what lies across is copied, and all behind lies in no whole block.
      [[20_480, 40_961], 40_000 + 9001 + 10_340],
    ] as const) {
      const { summary, metadata } = await write(index, IMAGE, 2048, cuts);
      const shown = new Map(
        readErofs(metadata, ...splitAt(IMAGE, cuts)).map((one) => [one.path, one.content]),
      );
      for (const { name } of nodes)
        expect(shown.get(`/${name}`)).toEqual(contents(name) ?? shown.get(`/${name}`));
      const pieces = [IMAGE.subarray(51_200, 55_296), IMAGE.subarray(18_432, 22_528), Buffer.alloc(2048)];
      expect(shown.get('/scattered')).toEqual(Buffer.concat([...pieces, IMAGE.subarray(0, 100)]));
      expect(summary.copiedBytes).toBe(copied);
    }
  });

  it('shows every file of an image that was split anywhere, whatever the size of a block', async () => {
    const cut = fc.integer({ min: 1, max: 127 }).map((blocks) => blocks * 512);
    const file = fc.record({ locator: fc.nat(60_000), size: fc.integer({ min: 1, max: 5000 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(cut, { maxLength: 8 }),
        fc.constantFrom(512, 1024, 2048),
        fc.array(file, { minLength: 1, maxLength: 10 }),
        async (unsorted, blockSize, files) => {
          const cuts = unsorted.sort((a, b) => a - b);
          const nodes = files.map(({ locator, size }, i) => ({
            ...{ name: `f${i}`, mode: FILE, size },
            locator: locator - (i % 2 === 0 ? locator % 512 : 0),
          }));
          const index = await openScripted(new Map([[ROOT_LOCATOR, nodes]]));
          const { metadata } = await write(index, IMAGE, blockSize, cuts);
          const shown = readErofs(metadata, ...splitAt(IMAGE, cuts));
          for (const { name, locator, size } of nodes) {
            const found = shown.find(({ path }) => path === `/${name}`)?.content;
            expect(found?.equals(IMAGE.subarray(locator, locator + size))).toBe(true);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('refuses what it cannot show as it is: unlisted directories, files beyond the image, empty targets', async () => {
    const fault = new IsodriveError('damaged', 'Found nothing, expected records');
    const refused: [ScriptedNode, RegExp][] = [
      [{ name: 'd', mode: DIRECTORY, locator: 9 }, /cannot be listed/],
      [{ name: 'f', mode: FILE, size: 10, locator: IMAGE.length - 5 }, /ends at byte 65541/],
      [{ name: 'l', mode: LINK, target: '' }, /target has 0 bytes/],
    ];
    for (const [node, message] of refused) {
      const index = await openScripted(
        new Map<number, readonly ScriptedNode[] | Error>([
          [ROOT_LOCATOR, [node]],
          [9, fault],
        ]),
      );
      await expect(write(index, IMAGE)).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringMatching(message) as string,
      });
    }
  });

  it('is refused or right, whatever word of the index is wrong', async () => {
    let accepted = 0;
    let refused = 0;
    const change = fc.record({
      where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      inExtents: fc.boolean(),
      value: fc.oneof(
        fc.nat(64),
        fc.nat(0xffff),
        fc.constantFrom(0x8000_0000, 0xffff_ffff, 0o40755, 0o120777),
      ),
      replace: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const { index, bytes } = await fuzzedImage();
        await index.loadAll();
        const { memory, rowCount, extentCount } = index.table;
        for (const { where, inExtents, value, replace } of changes) {
          const words = inExtents ? memory.extents : memory.rows;
          const used = inExtents ? extentCount * EXTENT_WORDS : rowCount * ROW_WORDS;
          const at = Math.floor(where * used);
          words[at] = replace ? value : words[at]! ^ value;
        }
        let written: Written;
        try {
          written = await write(index, bytes);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'unsupported' });
          refused += 1;
          return;
        }
        readErofs(written.metadata, Buffer.from(bytes));
        accepted += 1;
      }),
      // A copied file whose extent lies 4 GiB away.
      {
        numRuns: 1500,
        examples: [[[{ where: 0.41666666666666663, inExtents: true, value: 1, replace: false }]]],
      },
    );
    expect(Math.min(accepted, refused)).toBeGreaterThan(50);
  });
});

/** A tree with something of everything. */
async function fuzzedImage(): Promise<Awaited<ReturnType<typeof memoryImage>>> {
  const extents = [
    { offset: 2048, length: 2048 },
    { offset: undefined, length: 4096 },
    { offset: 0, length: 700 },
  ];
  const children: TestNode[] = [
    { type: 'directory', name: 'dir', children: [{ type: 'file', name: 'x', content: 'in a directory' }] },
    { type: 'file', name: 'file', content: 'y'.repeat(5000) },
    { type: 'file', name: 'hard-a', content: 'z', links: 2, inode: 5 },
    { type: 'file', name: 'many', extents },
    { type: 'symlink', name: 'link', target: 'file' },
    { type: 'char', name: 'null', device: [1, 3] },
    { type: 'fifo', name: 'pipe' },
  ];
  return memoryImage(children);
}
