// A tree with two files more in its root, by which Wine knows the disc: .windows-label and .windows-serial (Wine's
// mount manager reads them where a drive is a folder). Files of these names on the disc give way.
import type { Finding } from '../../base/finding.js';
import { DirectoryEntry, MODE_TYPE, addedExtent } from '../contract/file-tree.js';
import type { EntrySink, FileTree, TreeKind } from '../contract/file-tree.js';
import { formatWindowsSerial } from '../contract/windows-identity.js';
import type { WindowsIdentity } from '../contract/windows-identity.js';

const FILE_MODE = MODE_TYPE.regular | 0o444;

export class WineTree implements FileTree {
  readonly kind: TreeKind;
  readonly label: string;
  readonly volumeSize: number;
  readonly blockSize: number;
  readonly hasAttributes: boolean;
  readonly #inner: FileTree;
  readonly #files: ReadonlyMap<string, Uint8Array>;
  #rootLocator: number | undefined;

  constructor(inner: FileTree, identity: WindowsIdentity) {
    this.#inner = inner;
    this.kind = inner.kind;
    this.label = inner.label;
    this.volumeSize = inner.volumeSize;
    this.blockSize = inner.blockSize;
    this.hasAttributes = inner.hasAttributes ?? false;
    const encoder = new TextEncoder();
    this.#files = new Map([
      ['.windows-label', encoder.encode(`${identity.label}\n`)],
      ['.windows-serial', encoder.encode(`${formatWindowsSerial(identity.serial)}\n`)],
    ]);
  }

  async readRoot(signal?: AbortSignal): Promise<DirectoryEntry> {
    const root = await this.#inner.readRoot(signal);
    this.#rootLocator = root.locator;
    return root;
  }

  isRootEmpty(signal?: AbortSignal): Promise<boolean> {
    return this.#inner.isRootEmpty(signal);
  }

  async readDirectory(
    locator: number,
    size: number,
    sink: EntrySink,
    report: (finding: Finding) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    // An index that was taken over had its root read by another process.
    this.#rootLocator ??= (await this.#inner.readRoot(signal)).locator;
    if (locator !== this.#rootLocator) {
      return this.#inner.readDirectory(locator, size, sink, report, signal);
    }
    const others: EntrySink = {
      add: (entry) => {
        const name = Buffer.from(entry.name.subarray(0, entry.nameLength)).toString('latin1');
        if (!this.#files.has(name)) sink.add(entry);
      },
    };
    await this.#inner.readDirectory(locator, size, others, report, signal);
    let place = 0;
    for (const [name, content] of this.#files) sink.add(describe(name, content, place++));
  }
}

function describe(name: string, content: Uint8Array, place: number): DirectoryEntry {
  const entry = new DirectoryEntry();
  entry.nameLength = new TextEncoder().encodeInto(name, entry.name).written;
  entry.mode = FILE_MODE;
  entry.size = content.length;
  // Numbers of the disc's own come from places on it, which lie far below.
  entry.inode = Number.MAX_SAFE_INTEGER - place;
  entry.extents = [addedExtent(content)];
  return entry;
}
