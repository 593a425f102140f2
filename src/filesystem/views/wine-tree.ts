// A tree with two files more in its root, by which Wine knows the disc: .windows-label and .windows-serial (Wine's mount
// manager reads them where a drive is a folder). Files of these names on the disc give way.
import type { Finding } from '../../base/finding.js';
import { DirectoryEntry, MODE_TYPE } from '../file-tree.js';
import type { EntrySink, FileTree, TreeKind } from '../file-tree.js';
import { formatWindowsSerial } from '../windows-identity.js';
import type { WindowsIdentity } from '../windows-identity.js';

const FILE_MODE = MODE_TYPE.regular | 0o444;

export class WineTree implements FileTree {
  readonly kind: TreeKind;
  readonly label: string;
  readonly volumeSize: number;
  readonly blockSize: number;
  readonly hasAttributes: boolean;
  readonly embedded: readonly Uint8Array[];
  readonly #inner: FileTree;
  /** By the place of their content in `embedded`. */
  readonly #names: readonly string[];
  #rootLocator: number | undefined;

  constructor(inner: FileTree, identity: WindowsIdentity) {
    this.#inner = inner;
    this.kind = inner.kind;
    this.label = inner.label;
    this.volumeSize = inner.volumeSize;
    this.blockSize = inner.blockSize;
    this.hasAttributes = inner.hasAttributes ?? false;
    this.#names = ['.windows-label', '.windows-serial'];
    this.embedded = [identity.label, formatWindowsSerial(identity.serial)].map((text) =>
      new TextEncoder().encode(`${text}\n`),
    );
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
        if (!this.#names.includes(name)) sink.add(entry);
      },
    };
    await this.#inner.readDirectory(locator, size, others, report, signal);
    this.#names.forEach((name, i) => sink.add(this.#describe(name, i)));
  }

  #describe(name: string, place: number): DirectoryEntry {
    const entry = new DirectoryEntry();
    entry.nameLength = new TextEncoder().encodeInto(name, entry.name).written;
    entry.mode = FILE_MODE;
    entry.size = this.embedded[place]!.length;
    // Numbers of the disc's own come from places on it, which lie far below.
    entry.inode = Number.MAX_SAFE_INTEGER - place;
    entry.extents = [];
    entry.coding = 'embedded';
    entry.codingParameters = place;
    return entry;
  }
}
