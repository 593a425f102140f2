// What each of two trees of one disc lacks of the other: files and their bytes, links, directories. A file is the same
// where it has the same path, or the same place on the disc under whatever name.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import { MODE_TYPE } from '../contract/file-tree.js';
import type { DirectoryEntry, FileTree } from '../contract/file-tree.js';

/** How much is looked at: entries that are listed and directories that are read, those of both trees together. */
export interface LookBudget {
  readonly entries: number;
  readonly directories: number;
}

/** What one tree lacks of the other. */
export interface Lack {
  /** Entries that are missing, and files that are cut. */
  count: number;
  /** Bytes of files that cannot be had. */
  bytes: number;
  /** The first of them, for a message. */
  readonly quoted: string[];
}

export interface TreeComparison {
  /** What the first tree lacks of the second, and the second of the first. */
  readonly lacks: readonly [Lack, Lack];
  /** False where the budget ended before the trees did. */
  readonly isComplete: boolean;
}

/** Paths of a lack that are kept to be quoted. */
const MAX_QUOTED = 3;

type Side = 0 | 1;

interface Listed {
  readonly name: string;
  readonly type: number;
  readonly size: number;
  /** Byte offset of the first byte; -1 where there is none. */
  readonly place: number;
  readonly locator: number;
}

interface Directory {
  readonly locator: number;
  readonly size: number;
}

interface Pair {
  readonly path: string;
  /** Undefined where a tree does not have the directory. */
  readonly directories: readonly [Directory | undefined, Directory | undefined];
}

/** An entry of one tree that the other does not have, or not whole, under this path. */
interface Candidate {
  readonly side: Side;
  readonly path: string;
  readonly entry: Listed;
  /** Bytes of the other tree's file of that path. */
  readonly found: number;
}

/** Ends a listing that is larger than the budget. */
class BudgetSpent extends Error {}

/**
 * Walks both trees breadth first. Plain names of ISO 9660 are no paths of another tree: with them only the case is
 * passed over, and nothing but files that have bytes is compared. A directory that cannot be listed lists nothing.
 * Rejects with `cancelled` only.
 */
export async function compareTrees(
  first: FileTree,
  second: FileTree,
  budget: LookBudget,
  signal?: AbortSignal,
): Promise<TreeComparison> {
  return new TreeComparer([first, second], budget, signal).run();
}

class TreeComparer {
  readonly #trees: readonly [FileTree, FileTree];
  readonly #signal: AbortSignal | undefined;
  readonly #hasShortNames: boolean;
  #entriesLeft: number;
  #directoriesLeft: number;
  readonly #candidates: Candidate[] = [];
  /** Largest size of the files that begin at a place, for each tree. */
  readonly #places: readonly [Map<number, number>, Map<number, number>] = [new Map(), new Map()];

  constructor(trees: readonly [FileTree, FileTree], budget: LookBudget, signal: AbortSignal | undefined) {
    this.#trees = trees;
    this.#signal = signal;
    this.#hasShortNames = trees.some(({ kind }) => kind === 'iso9660');
    this.#entriesLeft = budget.entries;
    this.#directoriesLeft = budget.directories;
  }

  async run(): Promise<TreeComparison> {
    const isComplete = await this.#walk();
    const lacks: [Lack, Lack] = [createLack(), createLack()];
    for (const candidate of this.#candidates) this.#settle(candidate, lacks);
    return { lacks, isComplete };
  }

  /** False where the budget ended first. */
  async #walk(): Promise<boolean> {
    const pending: Pair[] = [{ path: '', directories: [await this.#root(0), await this.#root(1)] }];
    try {
      // A directory that leads back to one above it has no end.
      const met = new Set<string>();
      // Pairs are added while it runs.
      for (const { path, directories } of pending) {
        const key = directories.map((one) => one?.locator ?? '').join(':');
        if (met.has(key)) continue;
        met.add(key);
        const left = await this.#list(0, directories[0]);
        const right = await this.#list(1, directories[1]);
        this.#comparePair(path, left, right, pending);
      }
    } catch (thrown) {
      if (thrown instanceof BudgetSpent) return false;
      throw thrown;
    }
    return true;
  }

  async #root(side: Side): Promise<Directory | undefined> {
    try {
      const { locator, size } = await this.#trees[side].readRoot(this.#signal);
      return { locator, size };
    } catch (thrown) {
      passOver(thrown);
      return undefined;
    }
  }

  async #list(side: Side, directory: Directory | undefined): Promise<Map<string, Listed>> {
    const listed = new Map<string, Listed>();
    if (directory === undefined) return listed;
    if (--this.#directoriesLeft < 0) throw new BudgetSpent();
    const add = (entry: DirectoryEntry): void => {
      if (--this.#entriesLeft < 0) throw new BudgetSpent();
      const one = describeEntry(entry);
      listed.set(this.#hasShortNames ? one.name.toLowerCase() : one.name, one);
      if (one.place < 0) return;
      const places = this.#places[side];
      places.set(one.place, Math.max(one.size, places.get(one.place) ?? 0));
    };
    const { locator, size } = directory;
    try {
      await this.#trees[side].readDirectory(locator, size, { add }, () => undefined, this.#signal);
    } catch (thrown) {
      passOver(thrown);
    }
    return listed;
  }

  #comparePair(
    path: string,
    left: ReadonlyMap<string, Listed>,
    right: ReadonlyMap<string, Listed>,
    pending: Pair[],
  ): void {
    for (const [key, entry] of left) {
      const twin = right.get(key);
      const below = `${path}/${entry.name}`;
      this.#compareEntry(0, below, entry, twin);
      if (isDirectory(entry)) {
        const other = twin !== undefined && isDirectory(twin) ? twin : undefined;
        pending.push({ path: below, directories: [entry, other] });
      }
    }
    for (const [key, entry] of right) {
      const twin = left.get(key);
      const below = `${path}/${entry.name}`;
      this.#compareEntry(1, below, entry, twin);
      if (isDirectory(entry) && (twin === undefined || !isDirectory(twin))) {
        pending.push({ path: below, directories: [undefined, entry] });
      }
    }
  }

  #compareEntry(side: Side, path: string, entry: Listed, twin: Listed | undefined): void {
    // Writers of UDF that know no symbolic links make empty files of them: such a file is nothing to miss.
    const isSame =
      entry.type === MODE_TYPE.regular && entry.place < 0
        ? twin !== undefined
        : twin?.type === entry.type && (entry.place < 0 || twin.size >= entry.size);
    if (isSame || (this.#hasShortNames && entry.place < 0)) return;
    const found = twin?.type === entry.type ? twin.size : 0;
    this.#candidates.push({ side, path, entry, found });
  }

  /** Other names of the same bytes are known only now. */
  #settle({ side, path, entry, found }: Candidate, lacks: readonly [Lack, Lack]): void {
    const other: Side = side === 0 ? 1 : 0;
    const lack = lacks[other];
    const isFile = entry.place >= 0;
    const had = isFile ? Math.max(found, this.#places[other].get(entry.place) ?? 0) : 0;
    if (isFile && had >= entry.size) return;
    lack.count += 1;
    if (isFile) lack.bytes += entry.size - had;
    if (lack.quoted.length >= MAX_QUOTED) return;
    lack.quoted.push(had > 0 ? `"${path}" (${had} of ${countBytes(entry.size)})` : `"${path}"`);
  }
}

function createLack(): Lack {
  return { count: 0, bytes: 0, quoted: [] };
}

function describeEntry(entry: DirectoryEntry): Listed {
  const type = entry.mode & MODE_TYPE.mask;
  const { size, locator } = entry;
  const hasBytes = type === MODE_TYPE.regular && size > 0;
  const start = entry.extents === undefined ? locator : entry.extents.at(0)?.offset;
  const name = Buffer.from(entry.name.subarray(0, entry.nameLength)).toString();
  return { name, type, size, locator, place: hasBytes ? (start ?? locator) : -1 };
}

function isDirectory({ type }: Listed): boolean {
  return type === MODE_TYPE.directory;
}

/** Throws again what is not the disc's fault. */
function passOver(thrown: unknown): void {
  if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
}
