// A file tree that says what a test tells it, faults and hostile shapes included, so that the index can be tested
// alone.
import { DirectoryEntry, MODE_TYPE } from '../../../src/filesystem/contract/file-tree.js';
import type { EntrySink, Extent, FileTree } from '../../../src/filesystem/contract/file-tree.js';

export interface ScriptedNode {
  readonly name: string | Uint8Array;
  readonly mode: number;
  readonly size?: number;
  readonly locator?: number;
  readonly extents?: readonly Extent[];
  readonly target?: string;
  readonly inode?: number;
  readonly links?: number;
  readonly seconds?: number;
  readonly microseconds?: number;
  readonly device?: { major: number; minor: number };
  readonly attributes?: readonly (readonly [string, Uint8Array])[];
}

export const FILE = MODE_TYPE.regular | 0o644;
export const DIRECTORY = MODE_TYPE.directory | 0o755;
export const LINK = MODE_TYPE.symlink | 0o777;
export const ROOT_LOCATOR = 1;

export class ScriptedTree implements FileTree {
  readonly kind = 'rock-ridge';
  readonly label = 'MEMORY';
  readonly volumeSize = 1_048_576;
  readonly blockSize = 2048;
  readonly hasAttributes = true;
  /** How often each directory was listed, by locator. */
  readonly listed = new Map<number, number>();
  readonly #directories: ReadonlyMap<number, readonly ScriptedNode[] | Error>;

  /** Directories by locator; an Error is thrown when its directory is listed. */
  constructor(directories: ReadonlyMap<number, readonly ScriptedNode[] | Error>) {
    this.#directories = directories;
  }

  readRoot(): Promise<DirectoryEntry> {
    const entry = new DirectoryEntry();
    fill(entry, { name: 'root', mode: DIRECTORY, locator: ROOT_LOCATOR, inode: ROOT_LOCATOR });
    return Promise.resolve(entry);
  }

  isRootEmpty(): Promise<boolean> {
    const nodes = this.#directories.get(ROOT_LOCATOR) ?? [];
    return Promise.resolve(!(nodes instanceof Error) && nodes.length === 0);
  }

  async readDirectory(locator: number, _size: number, sink: EntrySink): Promise<void> {
    this.listed.set(locator, (this.listed.get(locator) ?? 0) + 1);
    await Promise.resolve();
    const nodes = this.#directories.get(locator) ?? [];
    if (nodes instanceof Error) throw nodes;
    const entry = new DirectoryEntry();
    for (const node of nodes) {
      fill(entry, node);
      sink.add(entry);
    }
  }
}

function fill(entry: DirectoryEntry, node: ScriptedNode): void {
  entry.reset();
  const name = typeof node.name === 'string' ? Buffer.from(node.name) : node.name;
  entry.name.set(name);
  entry.nameLength = name.length;
  entry.mode = node.mode;
  entry.size = node.size ?? 0;
  entry.locator = node.locator ?? 0;
  entry.inode = node.inode ?? 0;
  entry.links = node.links ?? 1;
  entry.modified.seconds = node.seconds ?? 0;
  entry.modified.microseconds = node.microseconds ?? 0;
  entry.deviceMajor = node.device?.major ?? 0;
  entry.deviceMinor = node.device?.minor ?? 0;
  entry.extents = node.extents;
  entry.target = node.target === undefined ? undefined : Buffer.from(node.target);
  entry.attributes = node.attributes;
}
