// The attributes file of HFS+ (Apple TN1150, "Attributes File"; its records in hfs_format.h of XNU): a B-tree of the
// extended attributes of files and folders, by their ids.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { Extent } from '../contract/file-tree.js';
import type { BTree, BTreeNode } from '../hfs/b-tree.js';
import { ForkMap } from '../hfs/fork-map.js';
import { readFork } from '../hfs/fork.js';
import { LookupBudget } from '../hfs/lookup-budget.js';
import { EXTENTS, requestFork } from './fork-data.js';

/** Attributes of one file that are looked at. */
export const MAX_FILE_ATTRIBUTES = 256;
/** Units of a name (kHFSMaxAttrNameLen). */
const MAX_NAME_UNITS = 127;
/** Keys, behind their length. */
const KEY = { fileId: 2, startBlock: 6, nameLength: 10, name: 12 } as const;
/** Records: bytes that stand in the record itself, or the fork data of a larger value. */
const RECORD = { inline: 0x10, fork: 0x20 } as const;
const INLINE = { size: 12, value: 16 } as const;
const FORK_DATA = 8;

export interface FileAttribute {
  readonly sourceName: string;
  readonly name: string;
  /** Bytes of the value. */
  readonly size: number;
  /** Byte in the image of the record. */
  readonly offset: number;
  /** Where the value lies, as far as the image has it. */
  readonly extents: readonly Extent[];
  /** Rejects with `damaged` where the image does not have all of it, and as ByteSource.read does. */
  read(signal: AbortSignal | undefined): Promise<Uint8Array>;
}

export class AttributeTree {
  readonly #reader: DataStream;
  readonly #tree: BTree;
  /**
   * Values larger than eight extents are not looked for: the tree has them in records that nothing is known to
   * write.
   */
  readonly #forks: ForkMap;
  readonly #lookups: LookupBudget;

  /** `volumeOffset`: byte in the image where the volume starts. */
  constructor(reader: DataStream, tree: BTree, blockSize: number, volumeOffset: number) {
    this.#reader = reader;
    this.#tree = tree;
    this.#forks = new ForkMap(blockSize, volumeOffset, EXTENTS);
    this.#lookups = new LookupBudget(tree.size);
  }

  /** The attributes of a file or folder, in the order of their names. Rejects as BTree does. */
  async list(fileId: number, signal?: AbortSignal): Promise<FileAttribute[]> {
    const found: FileAttribute[] = [];
    if (!this.#lookups.take()) return found;
    for await (const node of this.#tree.leavesFrom((key) => key.u32be(KEY.fileId) - fileId, signal)) {
      for (let i = 0; i < node.count && node.seek(i); i += 1) {
        const id = node.key.u32be(KEY.fileId);
        if (id > fileId || found.length >= MAX_FILE_ATTRIBUTES) return found;
        if (id < fileId || node.key.u32be(KEY.startBlock) !== 0) continue;
        const attribute = await this.#parse(node, fileId, signal);
        if (attribute !== undefined) found.push(attribute);
      }
    }
    return found;
  }

  async #parse(
    node: BTreeNode,
    fileId: number,
    signal: AbortSignal | undefined,
  ): Promise<FileAttribute | undefined> {
    const { key, data } = node;
    const facts = { sourceName: this.#reader.name, name: readName(key), offset: node.offset };
    switch (data.u32be(0)) {
      case RECORD.inline: {
        const value = data.slice(INLINE.value, data.u32be(INLINE.size)).slice();
        const extents = this.#tree.locateData(node, data, INLINE.value, value.length);
        return { ...facts, size: value.length, extents, read: () => Promise.resolve(value) };
      }
      case RECORD.fork: {
        const fork = await this.#forks.locate(requestFork(data, FORK_DATA, fileId, 0), signal);
        const read = async (abort: AbortSignal | undefined): Promise<Uint8Array> => {
          const bytes = new Uint8Array(fork.size);
          await readFork(this.#reader, fork, bytes, 0, abort);
          return bytes;
        };
        return { ...facts, size: fork.size, extents: fork.extents, read };
      }
      default:
        return undefined;
    }
  }
}

function readName(key: ByteCursor): string {
  const count = Math.min(key.u16be(KEY.nameLength), MAX_NAME_UNITS);
  let name = '';
  for (let i = 0; i < count; i += 1) name += String.fromCharCode(key.u16be(KEY.name + 2 * i));
  return name;
}
