// Hard links of HFS+ (Apple TN1150, "Hard Links"): a link is a small file that names, by number, the true file, which
// lies as "iNodeNUMBER" in a folder of the root that no user sees. Links to folders (Mac OS 10.5) are alike:
// "dir_NUMBER", in a folder of their own.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { BTree, BTreeNode } from '../hfs/b-tree.js';
import { ROOT_ID } from '../hfs/catalog-tree.js';
import { BSD_INFO, COMMON_RECORD, FILE_RECORD, FOLDER_RECORD, KEY, RECORD_TYPE } from './catalog-record.js';

interface LinkKind {
  /** Name of the folder of what the links lead to. */
  readonly folder: string;
  readonly prefix: string;
  readonly record: number;
  /** Finder type and creator of a link. */
  readonly type: number;
  readonly creator: number;
  /** Bits of the record's flags that must be set. */
  readonly flags: number;
}

/** kHFSHasLinkChainMask: without it, an alias to a folder is one of the Finder's own. */
const HAS_LINK_CHAIN = 0x20;
const LINK_KINDS: readonly LinkKind[] = [
  {
    // Four NULs sort it behind all other names; type "hlnk", creator "hfs+".
    ...{ folder: '\0\0\0\0HFS+ Private Data', prefix: 'iNode', record: RECORD_TYPE.file },
    ...{ type: 0x686c_6e6b, creator: 0x6866_732b, flags: 0 },
  },
  {
    // Type "fdrp", creator "MACS".
    ...{ folder: '.HFS+ Private Directory Data\r', prefix: 'dir_', record: RECORD_TYPE.folder },
    ...{ type: 0x6664_7270, creator: 0x4d41_4353, flags: HAS_LINK_CHAIN },
  },
];

/** Whether the key is that of a folder of what links lead to. */
export function isPrivateFolder(key: ByteCursor): boolean {
  return key.u32be(KEY.parent) === ROOT_ID && LINK_KINDS.some(({ folder }) => compareName(key, folder) === 0);
}

/** Whether the file record is a link. */
export function isHardLink(data: ByteCursor): boolean {
  return findKind(data) !== undefined;
}

function findKind(data: ByteCursor): LinkKind | undefined {
  const type = data.u32be(FILE_RECORD.finderInfo);
  const creator = data.u32be(FILE_RECORD.finderInfo + 4);
  const flags = data.u16be(COMMON_RECORD.flags);
  return LINK_KINDS.find(
    (kind) => kind.type === type && kind.creator === creator && (flags & kind.flags) === kind.flags,
  );
}

export class HardLinks {
  readonly #catalog: BTree;
  #folders: Promise<ReadonlyMap<string, number>> | undefined;

  constructor(catalog: BTree) {
    this.#catalog = catalog;
  }

  /** The node, on the record that a link leads to; undefined when there is none. Rejects as BTree does. */
  async find(link: ByteCursor, signal?: AbortSignal): Promise<BTreeNode | undefined> {
    const kind = findKind(link);
    if (kind === undefined) return undefined;
    const folders = await (this.#folders ??= this.#findFolders().catch((error: unknown) => {
      // The medium may do better the next time.
      this.#folders = undefined;
      throw error;
    }));
    const folder = folders.get(kind.folder);
    if (folder === undefined) return undefined;
    const name = `${kind.prefix}${link.u32be(COMMON_RECORD.permissions + BSD_INFO.special)}`;
    const node = await this.#catalog.find(
      (key) => key.u32be(KEY.parent) - folder || compareName(key, name),
      signal,
    );
    return node?.data.u16be(0) === kind.record ? node : undefined;
  }

  /** Ids by name. The root is walked once: where NULs sort depends on the kind of volume. */
  async #findFolders(): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    for await (const node of this.#catalog.leavesFrom((key) => key.u32be(KEY.parent) - ROOT_ID)) {
      for (let i = 0; i < node.count && node.seek(i); i += 1) {
        const parent = node.key.u32be(KEY.parent);
        if (parent > ROOT_ID) return found;
        if (parent < ROOT_ID || node.data.u16be(0) !== RECORD_TYPE.folder) continue;
        const kind = LINK_KINDS.find(({ folder }) => compareName(node.key, folder) === 0);
        if (kind !== undefined) found.set(kind.folder, node.data.u32be(FOLDER_RECORD.id));
      }
    }
    return found;
  }
}

/** Order of UTF-16 units: right among the names of the private folders, whatever else the volume folds. */
function compareName(key: ByteCursor, name: string): number {
  const length = key.u16be(KEY.nameLength);
  for (let i = 0; i < Math.min(length, name.length); i += 1) {
    const difference = key.u16be(KEY.name + 2 * i) - name.charCodeAt(i);
    if (difference !== 0) return difference;
  }
  return length - name.length;
}
