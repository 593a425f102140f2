// Decides where every node and every block of the metadata file lies, before a byte of it is written: the kernel
// finds a node by its number, which is its place, and directories name nodes that come later.
import { countBytes } from '../../base/byte-count.js';
import { MAX_TARGET_BYTES, MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import { ROOT_ROW } from '../../index/index-table.js';
import type { IndexTable } from '../../index/index-table.js';
import { CODING, CODING_MASK, EXTENT_WORDS, FLAG, ROW, ROW_WORDS, STATE } from '../../index/layout.js';
import { isCoded } from '../../index/node-record.js';
import { AttributePlan } from './attribute-plan.js';
import { DirectoryPacker, entryType } from './directory-blocks.js';
import { isPlainRun, layOutFile } from './file-layout.js';
import {
  CHUNK_INDEX_BYTES,
  DEVICE_SLOT_BYTES,
  DEVICE_SLOT_OFFSET,
  INODE_BYTES,
  NODE_UNIT,
} from './format.js';
import type { PlacedImage } from './placed-image.js';
import { unsuitable } from './unsuitable.js';

/** Bytes of file data that may be copied, because they lie at odd places in the image. */
export const MAX_COPIED_BYTES = 67_108_864;
/** Bytes of chunk indexes, which files of scattered extents need. */
export const MAX_CHUNK_BYTES = 67_108_864;
export const MAX_METADATA_BYTES = 2_147_483_648;
/** Block addresses have 32 bits; the last one stands for a hole. */
export const MAX_BLOCKS = 0xffff_fffe;
/** Rows between two looks at whether others want to run. */
const SLICE = 16_384;
const MAX_MICROSECONDS = 999_999;

/** Where a node's data is. */
export const PLACE = {
  /** Nowhere: it has none. */
  none: 0,
  /** Behind the inode. */
  inline: 1,
  /** Blocks of the metadata file. */
  blocks: 2,
  /** One run of a file of the image. */
  image: 3,
  /** Chunks of the image's files, listed behind the inode. */
  chunks: 4,
  /** Another row is the same node. */
  alias: 5,
} as const;

export interface PlanOptions {
  readonly table: IndexTable;
  readonly image: PlacedImage;
}

export class MetadataPlan {
  readonly table: IndexTable;
  readonly blockSize: number;
  readonly image: PlacedImage;
  readonly attributes: AttributePlan;
  readonly packer: DirectoryPacker;
  /** By row: the node's number. */
  readonly nodes: Uint32Array;
  /** By row: one of PLACE. */
  readonly places: Uint8Array;
  /** By row: first block, counted from `dataBlock`, of what lies in blocks of the metadata file. */
  readonly blocks: Uint32Array;
  /** By row: bytes of a directory; chunk bits of a file in chunks. */
  readonly details: Uint32Array;
  /** Distinct nodes. */
  nodeCount = 0;
  inodesStart: number;
  inodesEnd: number;
  /** Blocks where the shared attributes and then the data begin, and where the file ends. */
  attributesBlock = 0;
  dataBlock = 0;
  endBlock = 0;
  copiedBytes = 0;
  #dataBlocks = 0;
  #chunkBytes = 0;
  /** First row of each node of several names, by inode number. */
  readonly #linked = new Map<number, number>();

  private constructor({ table, image }: PlanOptions) {
    const { rowCount } = table;
    const { blockSize } = image;
    this.table = table;
    this.blockSize = blockSize;
    this.image = image;
    this.attributes = new AttributePlan(table, image.name);
    this.packer = new DirectoryPacker(table, blockSize, image.name);
    this.nodes = new Uint32Array(rowCount);
    this.places = new Uint8Array(rowCount);
    this.blocks = new Uint32Array(rowCount);
    this.details = new Uint32Array(rowCount);
    this.inodesStart = this.inodesEnd = roundUp(
      DEVICE_SLOT_OFFSET + image.files.length * DEVICE_SLOT_BYTES,
      blockSize,
    );
  }

  /** Rejects with `unsupported` when the tree cannot be served, or the index is not what the writer may trust. */
  static async make(options: PlanOptions): Promise<MetadataPlan> {
    const plan = new MetadataPlan(options);
    const { rowCount } = options.table;
    if (
      options.table.type(ROOT_ROW) !== MODE_TYPE.directory ||
      options.table.word(ROOT_ROW, ROW.parent) !== ROOT_ROW
    )
      throw plan.refuse('a root that is no directory of its own');
    await forEachRow(rowCount, (row) => plan.#check(row));
    plan.attributes.share();
    await forEachRow(rowCount, (row) => plan.#place(row));
    plan.#finish();
    return plan;
  }

  refuse(found: string): Error {
    return unsuitable(this.image.name, found);
  }

  /** Number of directories' children so far: in the end all rows but the root, or the rows are no tree. */
  #children = 0;

  #check(row: number): void {
    const { table } = this;
    const mode = table.word(row, ROW.mode);
    if (entryType(mode) === 0) throw this.refuse(`a node of mode ${mode.toString(8)}`);
    if ((table.word(row, ROW.modified + 1) & 0xf_ffff) > MAX_MICROSECONDS)
      throw this.refuse(`a time of more than ${MAX_MICROSECONDS} microseconds`);
    const coding = table.word(row, ROW.flags) & CODING_MASK;
    if (coding !== CODING.plain)
      throw this.refuse('a file that is stored compressed, which only the daemon can decode');
    if (table.word(row, ROW.attributes) !== 0) this.attributes.count(row);
    if ((mode & MODE_TYPE.mask) !== MODE_TYPE.directory) return;
    if (table.word(row, ROW.state) !== STATE.loaded)
      throw this.refuse('a directory that cannot be listed, which another driver reports as an error');
    this.packer.check(row);
    this.#children += table.word(row, ROW.count);
  }

  #place(row: number): void {
    if (this.#isAlias(row)) return;
    this.nodeCount += 1;
    const fixed = INODE_BYTES + this.attributes.size(row);
    const tail = this.#placeData(row, fixed);
    let at = this.inodesEnd;
    // An inode lies within one block, and so does what is stored with it; chunk indexes may go on in the next.
    const whole = this.places[row] === PLACE.inline ? fixed + tail : INODE_BYTES;
    if ((at % this.blockSize) + whole > this.blockSize) at = roundUp(at, this.blockSize);
    this.nodes[row] = at / NODE_UNIT;
    const end = this.places[row] === PLACE.chunks ? roundUp(at + fixed, CHUNK_INDEX_BYTES) : at + fixed;
    this.inodesEnd = roundUp(end + tail, NODE_UNIT);
    if (this.inodesEnd > MAX_METADATA_BYTES) throw this.refuse('more metadata than the driver writes');
  }

  /** Chooses where the data goes; gives the bytes of it that follow the inode. */
  #placeData(row: number, fixed: number): number {
    const { table } = this;
    switch (table.type(row)) {
      case MODE_TYPE.directory:
        return this.#placeDirectory(row, fixed);
      case MODE_TYPE.symlink:
        return this.#placeBytes(row, this.#targetBytes(row), fixed);
      case MODE_TYPE.regular:
        return table.wide(row, ROW.sizeLow) === 0 ? 0 : this.#placeFile(row);
      default:
        return 0;
    }
  }

  #placeDirectory(row: number, fixed: number): number {
    this.packer.open(row);
    const size = this.packer.measure();
    this.details[row] = size;
    return this.#placeBytes(row, size, fixed);
  }

  /** Small data goes behind the inode, where reading the inode has brought it into memory. */
  #placeBytes(row: number, size: number, fixed: number): number {
    if (size <= this.blockSize / 2 && fixed + size <= this.blockSize) {
      this.places[row] = PLACE.inline;
      return size;
    }
    this.#takeBlocks(row, size);
    return 0;
  }

  #takeBlocks(row: number, size: number): void {
    this.places[row] = PLACE.blocks;
    this.blocks[row] = this.#dataBlocks;
    this.#dataBlocks += Math.ceil(size / this.blockSize);
  }

  #placeFile(row: number): number {
    const { table } = this;
    const { image } = this;
    if (isCoded(table, row)) return this.#placeCopy(row);
    if (isPlainRun(table, row, image)) {
      this.places[row] = PLACE.image;
      return 0;
    }
    const layout = layOutFile(table, row, image);
    if (layout.kind === 'run') {
      this.places[row] = PLACE.image;
      return 0;
    }
    const indexes = layout.chunks * CHUNK_INDEX_BYTES;
    if (layout.kind === 'chunks' && this.#chunkBytes + indexes <= MAX_CHUNK_BYTES) {
      this.#chunkBytes += indexes;
      this.places[row] = PLACE.chunks;
      this.details[row] = layout.chunkBits;
      return indexes;
    }
    return this.#placeCopy(row);
  }

  #placeCopy(row: number): number {
    const size = this.table.wide(row, ROW.sizeLow);
    this.copiedBytes += size;
    // Whether that is too much is for whoever asked for the plan, who may try smaller blocks.
    this.#takeBlocks(row, size);
    return 0;
  }

  #targetBytes(row: number): number {
    const start = this.table.word(row, ROW.first);
    const length = this.table.word(row, ROW.count);
    if (length === 0 || length > MAX_TARGET_BYTES || start + length > this.table.blobBytes)
      throw this.refuse(`a symlink whose target has ${countBytes(length)}`);
    return length;
  }

  /** Whether a row before is the same node: one inode number, several links, and nothing that differs. */
  #isAlias(row: number): boolean {
    const { table } = this;
    if (table.word(row, ROW.links) < 2 || table.type(row) === MODE_TYPE.directory) return false;
    const inode = table.wide(row, ROW.inodeLow);
    const first = this.#linked.get(inode);
    if (first === undefined) {
      this.#linked.set(inode, row);
      return false;
    }
    if (!isSameNode(table, first, row)) return false;
    this.places[row] = PLACE.alias;
    this.nodes[row] = this.nodes[first]!;
    return true;
  }

  #finish(): void {
    const { blockSize } = this;
    if (this.copiedBytes > MAX_COPIED_BYTES) return;
    if (this.#children !== this.table.rowCount - 1) throw this.refuse('rows that belong to no directory');
    this.attributesBlock = Math.ceil(this.inodesEnd / blockSize);
    this.dataBlock = this.attributesBlock + Math.ceil(this.attributes.shared.length / blockSize);
    this.endBlock = this.dataBlock + this.#dataBlocks;
    if (this.endBlock * blockSize > MAX_METADATA_BYTES)
      throw this.refuse('more metadata than the driver writes');
    if (this.endBlock + this.image.blocks > MAX_BLOCKS)
      throw this.refuse(
        `an image of ${countBytes(this.image.bytes)}, more than block addresses of 32 bits reach`,
      );
  }
}

/** All words but those of name and attributes, which every name of a node has for itself. */
function isSameNode(table: IndexTable, a: number, b: number): boolean {
  const { rows, extents } = table.memory;
  const areMany = (table.word(a, ROW.flags) & FLAG.manyExtents) !== 0;
  for (let word: number = ROW.mode; word < ROW_WORDS; word += 1) {
    if (word === ROW.attributes || (word === ROW.dataLow && areMany)) continue;
    if (rows[a * ROW_WORDS + word] !== rows[b * ROW_WORDS + word]) return false;
  }
  if (!areMany) return true;
  const left = table.word(a, ROW.dataLow) * EXTENT_WORDS;
  const right = table.word(b, ROW.dataLow) * EXTENT_WORDS;
  const words = table.word(a, ROW.dataHigh) * EXTENT_WORDS;
  for (let i = 0; i < words; i += 1) if (extents[left + i] !== extents[right + i]) return false;
  return true;
}

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** Calls `visit` for every row, letting other work through in between. */
async function forEachRow(count: number, visit: (row: number) => void): Promise<void> {
  for (let row = 0; row < count; row += 1) {
    visit(row);
    if (row % SLICE === SLICE - 1) await new Promise(setImmediate);
  }
}
