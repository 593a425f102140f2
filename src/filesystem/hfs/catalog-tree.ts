// The tree of a volume whose directories are ranges of one catalog B-tree: HFS and HFS+. A directory's entries are the
// leaf records whose keys carry its id, so listing one is a search and a walk.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import { throwIfAborted } from '../../base/abortable.js';
import { describeDouble } from '../content/apple-double.js';
import { DirectoryEntry, MODE_TYPE } from '../contract/file-tree.js';
import type { EntrySink, FileTree, TreeKind } from '../contract/file-tree.js';
import type { BTree, BTreeNode } from './b-tree.js';
import { MacAttributes } from './mac-attributes.js';

/** Catalog node ids (TN1150, "Catalog File"). */
export const ROOT_PARENT_ID = 1;
export const ROOT_ID = 2;
/** Broken records, after which the rest of a directory is given up. */
export const MAX_DAMAGED_RECORDS = 64;

/** What the records of one directory are decoded with. */
export interface ListingJob {
  readonly report: (finding: Finding) => void;
  readonly signal: AbortSignal | undefined;
  readonly attributes: MacAttributes;
}

/** What differs between HFS and HFS+. */
export interface CatalogVolume {
  readonly kind: TreeKind;
  readonly reader: DataStream;
  readonly catalog: BTree;
  readonly label: string;
  /** Bytes. */
  readonly size: number;
  readonly blockSize: number;
  /** The parent's id in a key of the catalog. */
  parentOf(key: ByteCursor): number;
  /**
   * Fills the entry from the record that the node is on; its inode is the catalog node id, as is the locator of a
   * directory. False when the record is no file or folder, or is not to be shown.
   */
  decode(node: BTreeNode, entry: DirectoryEntry, job: ListingJob): Promise<boolean>;
}

export class CatalogTree implements FileTree {
  readonly kind: TreeKind;
  readonly label: string;
  readonly volumeSize: number;
  readonly blockSize: number;
  readonly hasAttributes = true;
  readonly #volume: CatalogVolume;
  readonly #showAssociated: boolean;

  /** `showAssociated`: files with a resource fork have a second entry, ._NAME. */
  constructor(volume: CatalogVolume, showAssociated = false) {
    this.#volume = volume;
    this.#showAssociated = showAssociated;
    this.kind = volume.kind;
    this.label = volume.label;
    this.volumeSize = volume.size;
    this.blockSize = volume.blockSize;
  }

  async readRoot(signal?: AbortSignal): Promise<DirectoryEntry> {
    let root: DirectoryEntry | undefined;
    await this.#walk(ROOT_PARENT_ID, ignore, signal, (entry) => {
      const isDirectory = (entry.mode & MODE_TYPE.mask) === MODE_TYPE.directory;
      if (!isDirectory || entry.locator !== ROOT_ID) return true;
      root = entry;
      return false;
    });
    if (root === undefined) throw this.#damaged('it has no root folder');
    root.nameLength = 0;
    return root;
  }

  async isRootEmpty(signal?: AbortSignal): Promise<boolean> {
    await this.readRoot(signal);
    let count = 0;
    await this.#walk(ROOT_ID, ignore, signal, () => {
      count += 1;
      return false;
    });
    return count === 0;
  }

  async readDirectory(
    locator: number,
    _size: number,
    sink: EntrySink,
    report: (finding: Finding) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#walk(locator, report, signal, (entry) => {
      sink.add(entry);
      return true;
    });
  }

  /** Decodes the records of a folder until `visit` says that it has enough. */
  async #walk(
    parentId: number,
    report: (finding: Finding) => void,
    signal: AbortSignal | undefined,
    visit: (entry: DirectoryEntry) => boolean,
  ): Promise<void> {
    const volume = this.#volume;
    const attributes = new MacAttributes(volume.reader, report, this.#showAssociated);
    const job: ListingJob = { report, signal, attributes };
    const entry = new DirectoryEntry();
    const double = new DirectoryEntry();
    let damaged = 0;
    let shown = 0;
    const complain = (offset: number): void => {
      damaged += 1;
      report(this.#brokenRecord(offset));
      if (damaged > MAX_DAMAGED_RECORDS && shown === 0) throw this.#damaged('its records are broken');
    };
    const leaves = volume.catalog.leavesFrom((key) => volume.parentOf(key) - parentId, signal);
    try {
      for await (const node of leaves) {
        throwIfAborted(signal);
        for (let i = 0; i < node.count; i += 1) {
          if (!node.seek(i)) {
            complain(node.offset);
            // What stands behind it in the node is lost: a count that lies must not cost a finding a record.
            break;
          }
          attributes.begin();
          try {
            const parent = volume.parentOf(node.key);
            if (parent > parentId) return;
            if (parent < parentId || !(await volume.decode(node, entry, job))) continue;
          } catch (thrown) {
            if (!isRecordFault(thrown)) throw thrown;
            complain(node.offset);
            continue;
          }
          shown += 1;
          entry.lacksAttributes = attributes.hasLeftOut;
          if (!visit(entry)) return;
          try {
            const fork = this.#showAssociated ? await attributes.fork?.() : undefined;
            if (fork !== undefined && describeDouble(entry, fork, double) && !visit(double)) return;
          } catch (thrown) {
            if (!isRecordFault(thrown)) throw thrown;
            complain(node.offset);
          }
        }
      }
    } catch (thrown) {
      // What was listed before a broken node is worth having.
      if (shown === 0 || !isRecordFault(thrown)) throw thrown;
      report({
        code: 'directory-cut',
        severity: 'damage',
        message: `${thrown.message}; ${shown} entries before it are shown`,
        at: thrown.at ?? { source: volume.reader.name },
      });
    }
  }

  #brokenRecord(offset: number): Finding {
    return {
      code: 'damaged-catalog-record',
      severity: 'damage',
      message: 'Record of a catalog node is broken and left out',
      at: { source: this.#volume.reader.name, offset, clause: 'TN1150 Catalog File' },
    };
  }

  #damaged(found: string): IsodriveError {
    const source = this.#volume.reader.name;
    return new IsodriveError(
      'damaged',
      `Cannot list a folder of the ${this.kind} volume of "${source}": ${found}`,
      {
        at: { source },
      },
    );
  }
}

function ignore(): void {
  // Whoever only looks at the root meets its faults again when it is listed.
}

function isRecordFault(thrown: unknown): thrown is IsodriveError {
  return thrown instanceof IsodriveError && thrown.code === 'damaged';
}
