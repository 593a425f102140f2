// What every tree of a volume must do, one sentence each, on whatever image it stands.
import { expect } from 'vitest';
import { IsodriveError } from '../../src/base/error.js';
import { FindingLog } from '../../src/base/finding.js';
import type { Finding } from '../../src/base/finding.js';
import { MAX_NAME_BYTES, MAX_TARGET_BYTES, MODE_TYPE } from '../../src/filesystem/contract/file-tree.js';
import { TREE_KINDS } from '../../src/filesystem/contract/file-tree.js';
import type { DirectoryEntry, Extent, FileTree } from '../../src/filesystem/contract/file-tree.js';
import { DiscIndex } from '../../src/index/disc-index.js';
import { PlainIndexMemory } from '../../src/index/index-memory.js';
import { ROOT_ROW } from '../../src/index/index-table.js';
import { readNode } from '../../src/index/node-record.js';
import type { FaultySource } from '../support/fakes/faulty-source.js';

/** Directories that are listed of a tree: some images have loops. */
const MAX_DIRECTORIES = 60;
const UINT32_MAX = 0xffff_ffff;
const TYPES: readonly number[] = [
  ...[MODE_TYPE.fifo, MODE_TYPE.character, MODE_TYPE.directory, MODE_TYPE.block],
  ...[MODE_TYPE.regular, MODE_TYPE.symlink, MODE_TYPE.socket],
];

export interface OpenedTree extends AsyncDisposable {
  readonly tree: FileTree;
  /** Bytes below the tree, which can be made to fail. */
  readonly source: FaultySource;
  /** The same tree of the same image, opened anew. */
  readonly again: () => Promise<OpenedTree>;
}

/** A copy of what a tree gives of an entry. */
interface Entry extends Readonly<Omit<DirectoryEntry, 'name' | 'nameLength' | 'extents' | 'reset'>> {
  readonly name: string;
  readonly extents: readonly Extent[] | undefined;
}

interface Directory {
  readonly locator: number;
  readonly size: number;
}

interface Listing {
  readonly entries: readonly Entry[];
  readonly findings: readonly Finding[];
  /** Code of the error that ended it. */
  readonly error?: string;
}

type Check = (opened: OpenedTree) => Promise<void>;

function copy(entry: DirectoryEntry): Entry {
  const name = Buffer.from(entry.name.subarray(0, entry.nameLength)).toString('latin1');
  const left = ['name', 'nameLength', 'extents'];
  const fields = Object.fromEntries(Object.entries(entry).filter(([key]) => !left.includes(key)));
  const extents = entry.extents && [...entry.extents];
  return { ...(structuredClone(fields) as unknown as Entry), name, extents };
}

function typeOf({ mode }: Pick<DirectoryEntry, 'mode'>): number {
  return mode & MODE_TYPE.mask;
}

async function list(tree: FileTree, { locator, size }: Directory, signal?: AbortSignal): Promise<Listing> {
  const entries: Entry[] = [];
  const findings: Finding[] = [];
  const sink = { add: (entry: DirectoryEntry) => void entries.push(copy(entry)) };
  try {
    await tree.readDirectory(locator, size, sink, (finding) => void findings.push(finding), signal);
    return { entries, findings };
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError)) throw thrown;
    return { entries, findings, error: thrown.code };
  }
}

/** The first directories, the root first. */
async function walk(tree: FileTree): Promise<[Directory, Listing][]> {
  const directories: Directory[] = [await tree.readRoot()];
  const all: [Directory, Listing][] = [];
  for (let next = 0; next < directories.length && next < MAX_DIRECTORIES; next += 1) {
    const listing = await list(tree, directories[next]!);
    all.push([directories[next]!, listing]);
    directories.push(...listing.entries.filter((entry) => typeOf(entry) === MODE_TYPE.directory));
  }
  return all;
}

async function allEntries(tree: FileTree): Promise<Entry[]> {
  return (await walk(tree)).flatMap(([, { entries }]) => entries);
}

function isWhole(value: number, highest = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= highest;
}

/** What of an entry is out of range. */
function findFaults(entry: Entry, hasAttributes: boolean): string[] {
  const { mode, links, linkSerial, userId, groupId, deviceMajor, deviceMinor, size, inode, locator } = entry;
  const times = [entry.modified, entry.accessed, entry.changed];
  const { name, target, attributes = [], codingParameters } = entry;
  const isLink = typeOf(entry) === MODE_TYPE.symlink;
  const facts: Readonly<Record<string, boolean>> = {
    name: name !== '' && name !== '.' && name !== '..',
    type: TYPES.includes(typeOf(entry)),
    mode: isWhole(mode & ~MODE_TYPE.mask, 0o7777) && isWhole(mode),
    links: isWhole(links, UINT32_MAX),
    linkSerial: linkSerial === -1 || isWhole(linkSerial, UINT32_MAX),
    owner: isWhole(userId, UINT32_MAX) && isWhole(groupId, UINT32_MAX),
    device: isWhole(deviceMajor, UINT32_MAX) && isWhole(deviceMinor, UINT32_MAX),
    size: isWhole(size),
    inode: isWhole(inode),
    locator: isWhole(locator),
    times: times.every(({ seconds, microseconds }) => {
      return Number.isSafeInteger(seconds) && isWhole(microseconds, 999_999);
    }),
    target: isLink ? target !== undefined && target.length <= MAX_TARGET_BYTES : target === undefined,
    attributes: attributes.every(([key]) => /^[a-z]+\../su.test(key)),
    hasAttributes: hasAttributes || attributes.length === 0,
    codingParameters: isWhole(codingParameters, UINT32_MAX),
  };
  return Object.keys(facts).filter((fact) => !facts[fact]);
}

function isSound({ offset, length, added }: Extent): boolean {
  const isPlaced = offset === undefined || isWhole(offset + length);
  return isPlaced && isWhole(length) && length > 0 && (added === undefined || added.length === length);
}

/** No rows, of a directory that cannot be listed. */
function refused(thrown: unknown): { first: number; count: number } {
  expect(thrown).toBeInstanceOf(IsodriveError);
  return { first: 0, count: 0 };
}

export const TREE_CHECKS: Readonly<Record<string, Check>> = {
  'says what it is': ({ tree }) => {
    expect(TREE_KINDS).toContain(tree.kind);
    expect(tree.label).toBe(tree.label.trim());
    expect(isWhole(tree.volumeSize)).toBe(true);
    expect(tree.blockSize).toBeGreaterThan(0);
    return Promise.resolve();
  },
  'has a root that is a directory, the same each time': async ({ tree }) => {
    const root = copy(await tree.readRoot());
    expect(typeOf(root)).toBe(MODE_TYPE.directory);
    expect(findFaults({ ...root, name: 'root' }, tree.hasAttributes ?? false)).toEqual([]);
    expect(copy(await tree.readRoot())).toEqual(root);
  },
  'says of its root that it is empty when it lists nothing': async ({ tree }) => {
    const { entries } = await list(tree, await tree.readRoot());
    expect(await tree.isRootEmpty()).toBe(entries.length === 0);
  },
  'lists neither "." nor "..", and nothing that is out of range': async ({ tree }) => {
    for (const entry of await allEntries(tree)) {
      const faults = findFaults(entry, tree.hasAttributes ?? false);
      expect({ name: entry.name, faults }).toEqual({ name: entry.name, faults: [] });
    }
  },
  'lists a directory the second time as the first': async ({ tree }) => {
    for (const [directory, { entries, error }] of await walk(tree))
      expect(await list(tree, directory)).toMatchObject({
        entries,
        ...(error === undefined ? {} : { error }),
      });
  },
  'lists directories at the same time as one after the other': async ({ tree }) => {
    const all = await walk(tree);
    const again = await Promise.all(all.map(([directory]) => list(tree, directory)));
    again.forEach(({ entries }, i) => expect(entries).toEqual(all[i]![1].entries));
  },
  'gives the same places and inodes when it is opened anew': async ({ tree, again }) => {
    await using other = await again();
    expect(await allEntries(other.tree)).toEqual(await allEntries(tree));
  },
  'has files whose extents are as long as they are': async ({ tree }) => {
    for (const { name, size, extents, coding, ...entry } of await allEntries(tree)) {
      if (coding !== undefined)
        expect({ name, hasExtents: extents !== undefined }).toEqual({ name, hasExtents: true });
      if (extents === undefined) continue;
      expect({ name, isSound: extents.every(isSound) }).toEqual({ name, isSound: true });
      if (coding !== undefined || typeOf(entry) !== MODE_TYPE.regular) continue;
      const length = extents.reduce((sum, extent) => sum + extent.length, 0);
      expect({ name, length }).toEqual({ name, length: size });
    }
  },
  'tells a fault of a directory once, by a code, in words and with its place': async ({ tree, source }) => {
    for (const [, { findings }] of await walk(tree)) {
      const told = findings.map(({ code, message, at }) => JSON.stringify({ code, message, at }));
      expect(told).toEqual([...new Set(told)]);
      for (const { code, severity, message, at } of findings) {
        expect(code).toMatch(/^[a-z][a-z0-9-]*$/);
        expect(['note', 'warning', 'damage']).toContain(severity);
        expect(message).not.toMatch(/undefined|NaN|\[object/);
        expect(at.source).toBe(source.name);
      }
    }
  },
  'refuses a directory that is none with `damaged`, or lists nothing': async ({ tree, source }) => {
    const places: readonly number[] = [source.size, source.size * 2 + 2048, 2 ** 45, Number.MAX_SAFE_INTEGER];
    for (const locator of places) {
      const { entries, error = 'damaged' } = await list(tree, { locator, size: 2048 });
      expect({ locator, entries, error }).toEqual({ locator, entries: [], error: 'damaged' });
    }
  },
  'ends with `cancelled` when it is given up, and lists all of it afterwards': async ({ tree }) => {
    for (const [directory, { entries }] of await walk(tree)) {
      const stopped = await list(tree, directory, AbortSignal.abort());
      if (stopped.error === undefined) expect(stopped.entries).toEqual(entries);
      else expect(stopped.error).toBe('cancelled');
      expect((await list(tree, directory)).entries).toEqual(entries);
    }
  },
  'ends with `image-unreadable`, or tells, when the medium fails, and lists all once it reads again': async (
    opened,
  ) => {
    const { tree, source } = opened;
    for (const [directory, { entries, error }] of await walk(tree)) {
      source.bad = [0, source.size];
      const failed = await list(tree, directory);
      source.bad = [0, 0];
      const isWholeStill = JSON.stringify(failed.entries) === JSON.stringify(entries);
      if (!isWholeStill && failed.findings.length === 0) expect(failed.error).toBe('image-unreadable');
      expect(await list(tree, directory)).toMatchObject({
        entries,
        ...(error === undefined ? {} : { error }),
      });
    }
  },
  'has an index whose names are valid, in order, and each there once': async ({ tree, source }) => {
    const index = await DiscIndex.open(tree, new PlainIndexMemory(), new FindingLog(), source.name);
    const rows: number[] = [ROOT_ROW];
    for (let next = 0; next < rows.length && next < MAX_DIRECTORIES; next += 1) {
      const children = await index.children(rows[next]!).catch(refused);
      let previous = Buffer.alloc(0);
      for (let row = children.first; row < children.first + children.count; row += 1) {
        const { name, type } = readNode(index.table, row);
        const bytes = Buffer.from(name);
        const text = bytes.toString('latin1');
        expect(text).not.toMatch(/^\.{0,2}$|[/\0]/);
        expect(bytes.length).toBeLessThanOrEqual(MAX_NAME_BYTES);
        expect({ text, order: Buffer.compare(previous, bytes) }).toEqual({ text, order: -1 });
        previous = bytes;
        if (type === 'directory') rows.push(row);
      }
    }
  },
};
