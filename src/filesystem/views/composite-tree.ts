// Several trees side by side in one: directories of its own whose entries are whole trees, or plain runs of image
// bytes. The numbers of a tree become those of the composite by n * trees + place of the tree, so that nothing
// collides, what is stable stays so, and the order of the disc is kept.
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import { DirectoryEntry, MODE_TYPE } from '../contract/file-tree.js';
import type { EntrySink, Extent, FileTree, Timestamp, TreeKind } from '../contract/file-tree.js';

const DIRECTORY_MODE = MODE_TYPE.directory | 0o555;
const FILE_MODE = MODE_TYPE.regular | 0o444;

export interface PlacedTree {
  /** Names from the root down; the last one is that of the tree. */
  readonly path: readonly string[];
  readonly tree: FileTree;
}

export interface PlacedFile {
  readonly path: readonly string[];
  /** Byte of the disc's data. */
  readonly offset: number;
  readonly size: number;
  /** What it is made of, where it is not one run of the disc's data. */
  readonly extents?: readonly Extent[];
  readonly attributes?: DirectoryEntry['attributes'];
}

export interface CompositeParts {
  readonly kind: TreeKind;
  readonly label: string;
  readonly volumeSize: number;
  readonly blockSize: number;
  /** Of the directories and files of the composite's own. */
  readonly modified: Timestamp;
  readonly sourceName: string;
  readonly trees: readonly PlacedTree[];
  readonly files: readonly PlacedFile[];
}

interface Folder {
  readonly kind: 'folder';
  readonly number: number;
  readonly children: Map<string, Node>;
}

type Node =
  | Folder
  | { readonly kind: 'file'; readonly number: number; readonly file: PlacedFile }
  | { readonly kind: 'tree'; readonly slot: number; readonly tree: FileTree };

export class CompositeTree implements FileTree {
  readonly kind: TreeKind;
  readonly label: string;
  readonly volumeSize: number;
  readonly blockSize: number;
  readonly hasAttributes: boolean;
  readonly #modified: Timestamp;
  readonly #sourceName: string;
  readonly #trees: readonly FileTree[];
  readonly #folders: Folder[] = [];
  /** Numbers are multiplied by it; slot 0 is the composite's own. */
  readonly #factor: number;
  #nodeCount = 0;

  constructor(parts: CompositeParts) {
    this.kind = parts.kind;
    this.label = parts.label;
    this.volumeSize = parts.volumeSize;
    this.blockSize = parts.blockSize;
    this.#modified = parts.modified;
    this.#sourceName = parts.sourceName;
    this.#trees = parts.trees.map(({ tree }) => tree);
    this.hasAttributes =
      this.#trees.some((tree) => tree.hasAttributes === true) ||
      parts.files.some(({ attributes }) => attributes !== undefined);
    this.#factor = this.#trees.length + 1;
    const root = this.#addFolder();
    for (const file of parts.files) {
      this.#place(root, file.path, { kind: 'file', number: this.#nodeCount++, file });
    }
    parts.trees.forEach(({ path, tree }, i) => {
      this.#place(root, path, { kind: 'tree', slot: i + 1, tree });
    });
  }

  readRoot(): Promise<DirectoryEntry> {
    const entry = new DirectoryEntry();
    this.#describe(entry, '', this.#folders[0]!);
    return Promise.resolve(entry);
  }

  isRootEmpty(): Promise<boolean> {
    return Promise.resolve(this.#folders[0]!.children.size === 0);
  }

  async readDirectory(
    locator: number,
    size: number,
    sink: EntrySink,
    report: (finding: Finding) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const slot = locator % this.#factor;
    const own = (locator - slot) / this.#factor;
    const tree = this.#trees[slot - 1];
    const folder = this.#folders[own];
    if (tree === undefined && folder === undefined) throw this.#noFolder(locator);
    if (tree === undefined) return this.#listFolder(folder!, sink, report, signal);
    const mapped: EntrySink = { add: (entry) => this.#addMapped(entry, slot, sink) };
    return tree.readDirectory(own, size, mapped, report, signal);
  }

  async #listFolder(
    folder: Folder,
    sink: EntrySink,
    report: (finding: Finding) => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (const [name, node] of folder.children) {
      const entry =
        node.kind === 'tree' ? await this.#readRootOf(node.tree, report, signal) : new DirectoryEntry();
      if (entry === undefined) continue;
      if (node.kind === 'tree') {
        nameEntry(entry, name);
        // Some formats have no time for their root.
        if (entry.modified.seconds === 0) this.#giveTimes(entry);
        this.#addMapped(entry, node.slot, sink);
      } else {
        this.#describe(entry, name, node);
        sink.add(entry);
      }
    }
  }

  /** A view whose root is damaged is left out: the others are worth showing. */
  async #readRootOf(
    tree: FileTree,
    report: (finding: Finding) => void,
    signal: AbortSignal | undefined,
  ): Promise<DirectoryEntry | undefined> {
    try {
      return await tree.readRoot(signal);
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code !== 'damaged') throw thrown;
      report({
        code: 'unusable-tree',
        severity: 'damage',
        message: `View ${tree.kind} is left out: ${thrown.message}`,
        at: thrown.at ?? { source: this.#sourceName },
      });
      return undefined;
    }
  }

  /** Trees may go on with the entry that they hand over, so it is given back as it was. */
  #addMapped(entry: DirectoryEntry, slot: number, sink: EntrySink): void {
    const { inode, locator } = entry;
    entry.inode = (inode % Math.floor(Number.MAX_SAFE_INTEGER / this.#factor)) * this.#factor + slot;
    if ((entry.mode & MODE_TYPE.mask) === MODE_TYPE.directory) {
      entry.locator = locator * this.#factor + slot;
      if (entry.locator > Number.MAX_SAFE_INTEGER) throw this.#farLocator(locator);
    }
    sink.add(entry);
    entry.inode = inode;
    entry.locator = locator;
  }

  #describe(entry: DirectoryEntry, name: string, node: Exclude<Node, { kind: 'tree' }>): void {
    nameEntry(entry, name);
    entry.inode = (node.number + 1) * this.#factor;
    this.#giveTimes(entry);
    if (node.kind === 'folder') {
      entry.mode = DIRECTORY_MODE;
      entry.locator = this.#folders.indexOf(node) * this.#factor;
    } else {
      entry.mode = FILE_MODE;
      entry.size = node.file.size;
      entry.locator = node.file.offset;
      entry.extents = node.file.extents;
      entry.attributes = node.file.attributes;
    }
  }

  #giveTimes({ modified, accessed, changed }: DirectoryEntry): void {
    for (const time of [modified, accessed, changed]) Object.assign(time, this.#modified);
  }

  #addFolder(): Folder {
    const folder: Folder = { kind: 'folder', number: this.#nodeCount++, children: new Map() };
    this.#folders.push(folder);
    return folder;
  }

  #place(root: Folder, path: readonly string[], node: Node): void {
    let folder = root;
    for (const name of path.slice(0, -1)) {
      let next = folder.children.get(name);
      if (next?.kind !== 'folder') folder.children.set(name, (next = this.#addFolder()));
      folder = next;
    }
    folder.children.set(path.at(-1)!, node);
  }

  #noFolder(locator: number): IsodriveError {
    const source = this.#sourceName;
    const found = `its number is ${locator}, expected that of a view or of a directory beside them`;
    return new IsodriveError('damaged', `Cannot list a directory of the views of "${source}": ${found}`, {
      at: { source },
    });
  }

  #farLocator(locator: number): IsodriveError {
    const source = this.#sourceName;
    return new IsodriveError(
      'unsupported',
      `Cannot show a directory of "${source}" beside other views: its number is ${locator}, expected less than ` +
        `${Math.floor(Number.MAX_SAFE_INTEGER / this.#factor)}`,
      { at: { source }, action: 'Choose one view with --tree' },
    );
  }
}

function nameEntry(entry: DirectoryEntry, name: string): void {
  entry.nameLength = new TextEncoder().encodeInto(name, entry.name).written;
}
