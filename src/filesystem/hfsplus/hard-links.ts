// Hard links of HFS+ (Apple TN1150, "Hard Links"): a link is a small file that names, by number, the true file, which
// lies as "iNodeNUMBER" in a folder of the root that no user sees.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { BTree, BTreeNode } from '../hfs/b-tree.js';
import { ROOT_ID } from '../hfs/catalog-tree.js';
import { FILE_RECORD, FOLDER_RECORD, KEY, RECORD_TYPE } from './catalog-record.js';

/** Four NULs sort it behind all other names. */
const PRIVATE_FOLDER = '\0\0\0\0HFS+ Private Data';
/** Finder type and creator of a link: "hlnk", "hfs+". */
const LINK_TYPE = 0x686c_6e6b;
const LINK_CREATOR = 0x6866_732b;
/** The wanted record stands in the leaf that a search ends at, or first in the next one. */
const SEARCHED_LEAVES = 2;

/** Whether the key is that of the folder of true files. */
export function isPrivateFolder(key: ByteCursor): boolean {
  return key.u32be(KEY.parent) === ROOT_ID && compareName(key, PRIVATE_FOLDER) === 0;
}

/** Whether the file record is a link. */
export function isHardLink(data: ByteCursor): boolean {
  const { finderInfo } = FILE_RECORD;
  return data.u32be(finderInfo) === LINK_TYPE && data.u32be(finderInfo + 4) === LINK_CREATOR;
}

export class HardLinks {
  readonly #catalog: BTree;
  #folder: Promise<number | undefined> | undefined;

  constructor(catalog: BTree) {
    this.#catalog = catalog;
  }

  /** The node, on the record of the true file; undefined when there is none. Rejects as BTree does. */
  async find(linkNumber: number, signal?: AbortSignal): Promise<BTreeNode | undefined> {
    const folder = await (this.#folder ??= this.#findFolder().catch((error: unknown) => {
      // The medium may do better the next time.
      this.#folder = undefined;
      throw error;
    }));
    if (folder === undefined) return undefined;
    const name = `iNode${linkNumber}`;
    const compare = (key: ByteCursor): number => key.u32be(KEY.parent) - folder || compareName(key, name);
    let leaves = 0;
    for await (const node of this.#catalog.leavesFrom(compare, signal)) {
      for (let i = 0; i < node.count; i += 1) {
        if (!node.seek(i)) break;
        const order = compare(node.key);
        if (order > 0) return undefined;
        if (order === 0) return node.data.u16be(0) === RECORD_TYPE.file ? node : undefined;
      }
      leaves += 1;
      if (leaves === SEARCHED_LEAVES) break;
    }
    return undefined;
  }

  /** Id of the folder of true files. The root is walked once: where NULs sort depends on the kind of volume. */
  async #findFolder(): Promise<number | undefined> {
    for await (const node of this.#catalog.leavesFrom((key) => key.u32be(KEY.parent) - ROOT_ID)) {
      for (let i = 0; i < node.count && node.seek(i); i += 1) {
        if (node.key.u32be(KEY.parent) > ROOT_ID) return undefined;
        if (isPrivateFolder(node.key) && node.data.u16be(0) === RECORD_TYPE.folder) {
          return node.data.u32be(FOLDER_RECORD.id);
        }
      }
    }
    return undefined;
  }
}

/** Order of UTF-16 units: right among the names of the private folder, whatever else the volume folds. */
function compareName(key: ByteCursor, name: string): number {
  const length = key.u16be(KEY.nameLength);
  for (let i = 0; i < Math.min(length, name.length); i += 1) {
    const difference = key.u16be(KEY.name + 2 * i) - name.charCodeAt(i);
    if (difference !== 0) return difference;
  }
  return length - name.length;
}
