// The B-trees of HFS and HFS+ (Inside Macintosh: Files, 2-69; Apple TN1150, "B-Trees"): searched and walked, never
// trusted. A search goes down at most MAX_LEVELS nodes; a walk along the leaves never meets a node twice.
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readFork, sliceFork } from './fork.js';
import type { Extent } from '../contract/file-tree.js';
import type { Fork } from './fork.js';

/** Levels of one tree. Nodes hold at least two records, so that 32 levels have more leaves than a volume has nodes. */
export const MAX_LEVELS = 32;
/** TN1150: node sizes are powers of two from 512 to 32768, the largest that their field holds. */
const MIN_NODE_SIZE = 512;
/** The wanted record stands in the leaf that a search ends at, or first in the next one. */
const SEARCHED_LEAVES = 2;
/**
 * Leaves that are gone on to, for each node of the tree: folders that lie behind one another share the leaf
 * between.
 */
export const MAX_LEAF_ROUNDS = 16;
export const SPARE_LEAVES = 4096;
const DESCRIPTOR_BYTES = 14;
const NODE_KIND = { index: 0, header: 1, leaf: 0xff } as const;
/** TN1150 BTHeaderRec attributes, bit 2: keys of index nodes have their own length. */
const VARIABLE_INDEX_KEYS = 4;

export interface BTreeShape {
  /** Bytes of a key's length field: 1 in HFS, 2 in HFS+. */
  readonly keyLengthBytes: 1 | 2;
  /** For messages: "the catalog". */
  readonly title: string;
}

/** Tells where a key lies: negative before the place that is looked for, otherwise 0 or positive. */
export type CompareKey = (key: ByteCursor) => number;

/** One node; `seek` puts its two cursors on a record. */
export class BTreeNode {
  readonly key: ByteCursor;
  readonly data: ByteCursor;
  /** Byte of the tree where the node starts. */
  readonly position: number;
  /** Node number of the next one on this level, 0 at the end. */
  readonly next: number;
  readonly count: number;
  readonly isLeaf: boolean;
  readonly isIndex: boolean;
  readonly #whole: ByteCursor;
  readonly #keyLengthBytes: 1 | 2;
  readonly #fixedKeyLength: number;

  /** `fixedKeyLength`: bytes that keys of an index node take whatever their length, or 0. */
  constructor(
    whole: ByteCursor,
    bytes: Uint8Array,
    position: number,
    keyLengthBytes: 1 | 2,
    fixedKeyLength: number,
  ) {
    this.#whole = whole;
    this.position = position;
    this.#keyLengthBytes = keyLengthBytes;
    this.next = whole.u32be(0); // BTNodeDescriptor fLink, offset 0
    const kind = whole.u8(8); // kind, offset 8
    this.isLeaf = kind === NODE_KIND.leaf;
    this.isIndex = kind === NODE_KIND.index;
    this.count = whole.u16be(10); // numRecords, offset 10
    this.#fixedKeyLength = this.isIndex ? fixedKeyLength : 0;
    const offset = whole.offsetInSource(0);
    this.key = new ByteCursor(bytes, whole.sourceName, offset);
    this.data = new ByteCursor(bytes, whole.sourceName, offset);
  }

  /** Byte offset of the node in the image. */
  get offset(): number {
    return this.#whole.offsetInSource(0);
  }

  /** Puts `key` (without its length field) and `data` on a record; false when its offsets cannot be right. */
  seek(index: number): boolean {
    const { length } = this.#whole;
    const table = length - 2 * (this.count + 1);
    if (table < DESCRIPTOR_BYTES) return false;
    const start = this.#whole.u16be(length - 2 * (index + 1));
    const end = this.#whole.u16be(length - 2 * (index + 2));
    const keyStart = start + this.#keyLengthBytes;
    if (start < DESCRIPTOR_BYTES || end > table || keyStart > end) return false;
    const keyLength = this.#keyLengthBytes === 1 ? this.#whole.u8(start) : this.#whole.u16be(start);
    const taken = this.#fixedKeyLength > 0 ? this.#fixedKeyLength : keyLength;
    // Data start at an even offset.
    const dataStart = (keyStart + taken + 1) & ~1;
    if (keyStart + keyLength > end || dataStart > end) return false;
    this.key.moveTo(keyStart, keyLength);
    this.data.moveTo(dataStart, end - dataStart);
    return true;
  }
}

export class BTree {
  readonly nodeSize: number;
  readonly #reader: DataStream;
  readonly #fork: Fork;
  readonly #shape: BTreeShape;
  readonly #root: number;
  readonly #fixedKeyLength: number;
  #leavesLeft: number;

  private constructor(reader: DataStream, fork: Fork, shape: BTreeShape, header: ByteCursor) {
    this.#reader = reader;
    this.#fork = fork;
    this.#shape = shape;
    this.#root = header.u32be(16); // BTHeaderRec rootNode, offset 2
    this.nodeSize = header.u16be(32); // nodeSize, offset 18
    const maxKeyLength = header.u16be(34); // maxKeyLength, offset 20
    const attributes = header.u32be(52); // attributes, offset 38; reserved in HFS
    const isVariable = shape.keyLengthBytes === 2 && (attributes & VARIABLE_INDEX_KEYS) !== 0;
    this.#fixedKeyLength = isVariable ? 0 : maxKeyLength;
    this.#leavesLeft = SPARE_LEAVES + MAX_LEAF_ROUNDS * (fork.size / Math.max(MIN_NODE_SIZE, this.nodeSize));
  }

  /** Bytes of the whole tree. */
  get size(): number {
    return this.#fork.size;
  }

  /** Reads the header node. Rejects with `damaged`, and as ByteSource.read does. */
  static async open(reader: DataStream, fork: Fork, shape: BTreeShape, signal?: AbortSignal): Promise<BTree> {
    const bytes = new Uint8Array(MIN_NODE_SIZE);
    await readFork(reader, fork, bytes, 0, signal);
    const header = new ByteCursor(bytes, reader.name, fork.extents[0]?.offset ?? 0);
    const tree = new BTree(reader, fork, shape, header);
    const { nodeSize } = tree;
    const isPower = (nodeSize & (nodeSize - 1)) === 0;
    if (header.u8(8) === NODE_KIND.header && isPower && nodeSize >= MIN_NODE_SIZE) return tree;
    throw tree.#damaged(`its header node is of kind ${header.u8(8)} with nodes of ${countBytes(nodeSize)}`);
  }

  /**
   * Leaves from the one on that may hold the first key that is not before the place. Ends at the last leaf, and throws
   * `damaged` where a node is no leaf, comes a second time, or cannot be read.
   */
  async *leavesFrom(compare: CompareKey, signal?: AbortSignal): AsyncGenerator<BTreeNode, void, undefined> {
    if (this.#root === 0) return;
    let node = await this.#findLeaf(compare, signal);
    const met = new Set<number>();
    for (;;) {
      yield node;
      const { next } = node;
      if (next === 0) return;
      if (met.has(next)) throw this.#damaged(`leaf ${next} follows twice`);
      met.add(next);
      this.#leavesLeft -= 1;
      if (this.#leavesLeft < 0)
        throw this.#damaged('its leaves are walked more often than a sound tree needs');
      node = await this.#readNode(next, signal);
      if (!node.isLeaf) throw this.#damaged(`node ${next} stands among the leaves and is none`);
    }
  }

  /** The node, on the record whose key is at the place; undefined when there is none. Rejects as leavesFrom throws. */
  async find(compare: CompareKey, signal?: AbortSignal): Promise<BTreeNode | undefined> {
    let leaves = 0;
    for await (const node of this.leavesFrom(compare, signal)) {
      for (let i = 0; i < node.count; i += 1) {
        if (!node.seek(i)) continue;
        const order = compare(node.key);
        if (order >= 0) return order === 0 ? node : undefined;
      }
      leaves += 1;
      if (leaves === SEARCHED_LEAVES) return undefined;
    }
    return undefined;
  }

  /** Where bytes of a node's record lie in the image; `data` is one of its cursors. */
  locateData(node: BTreeNode, data: ByteCursor, offset: number, length: number): readonly Extent[] {
    return sliceFork(this.#fork, node.position + data.offsetInSource(offset) - node.offset, length);
  }

  /** The leaf where the first key that is not before the place is, or whose successor has it. */
  async #findLeaf(compare: CompareKey, signal: AbortSignal | undefined): Promise<BTreeNode> {
    let number = this.#root;
    for (let level = 0; level < MAX_LEVELS; level += 1) {
      const node = await this.#readNode(number, signal);
      if (node.isLeaf) return node;
      if (!node.isIndex || node.count === 0) throw this.#damaged(`node ${number} is neither index nor leaf`);
      number = this.#chooseChild(node, compare, number);
    }
    throw this.#damaged(`it has more than ${MAX_LEVELS} levels`);
  }

  #chooseChild(node: BTreeNode, compare: CompareKey, number: number): number {
    let low = 0;
    let high = node.count - 1;
    // The last record whose key lies before the place, else the first.
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (!node.seek(middle)) throw this.#damaged(`record ${middle} of node ${number} is broken`);
      if (compare(node.key) < 0) low = middle;
      else high = middle - 1;
    }
    if (!node.seek(low)) throw this.#damaged(`record ${low} of node ${number} is broken`);
    return node.data.u32be(0);
  }

  async #readNode(number: number, signal: AbortSignal | undefined): Promise<BTreeNode> {
    const position = number * this.nodeSize;
    if (position + this.nodeSize > this.#fork.size) {
      throw this.#damaged(`node ${number} lies beyond its ${countBytes(this.#fork.size)}`);
    }
    const bytes = new Uint8Array(this.nodeSize);
    await readFork(this.#reader, this.#fork, bytes, position, signal);
    const whole = new ByteCursor(bytes, this.#reader.name, this.#locate(position));
    return new BTreeNode(whole, bytes, position, this.#shape.keyLengthBytes, this.#fixedKeyLength);
  }

  /** Byte offset in the image of a byte of the tree. */
  #locate(position: number): number {
    return sliceFork(this.#fork, position, 1)[0]?.offset ?? 0;
  }

  #damaged(found: string): IsodriveError {
    const source = this.#reader.name;
    return new IsodriveError(
      'damaged',
      `Cannot read ${this.#shape.title} of "${source}": ${found}, expected a B-tree`,
      { at: { source, offset: this.#fork.extents[0]?.offset ?? 0, clause: 'TN1150 B-Trees' } },
    );
  }
}
