// Writes the EROFS metadata of a tree: superblock, nodes, shared attributes, then directories and copied data, in one
// pass over the index each. The files of the image are extra devices, whose blocks follow those of this file in one
// address space.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import type { FileHandle } from 'node:fs/promises';
import type { FileContent } from '../../filesystem/contract/file-content.js';
import { MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import type { DiscIndex } from '../../index/disc-index.js';
import { ContentOpener } from '../../image/content-opener.js';
import type { IndexTable } from '../../index/index-table.js';
import { ROW, ROW_WORDS } from '../../index/layout.js';
import { highWord } from '../../index/wide-number.js';
import type { PlanStream } from '../../disc/plan-stream.js';
import { throwIfAborted } from '../../base/abortable.js';
import { HOLE, readRuns } from './file-layout.js';
import {
  ATTRIBUTES_HEADER_BYTES,
  CHUNK_INDEX,
  CHUNK_INDEXES,
  CHUNK_INDEX_BYTES,
  DEVICE_SLOT,
  DEVICE_SLOT_BYTES,
  DEVICE_SLOT_OFFSET,
  FIRST_DEVICE,
  INCOMPATIBLE,
  INODE,
  INODE_BYTES,
  LAYOUT,
  NODE_UNIT,
  NO_BLOCK,
  SUPERBLOCK,
  SUPERBLOCK_MAGIC,
  SUPERBLOCK_OFFSET,
  VOLUME_NAME_BYTES,
} from './format.js';
import { MAX_COPIED_BYTES, MetadataPlan, PLACE, roundUp } from './metadata-plan.js';
import { MetadataStream } from './metadata-stream.js';
import { PlacedImage } from './placed-image.js';
import { unsuitable } from './unsuitable.js';

/** Block sizes to try, best first: the smaller, the less has to be copied of files at odd places. */
const BLOCK_SIZES = [2048, 1024, 512];
const COPY_BYTES = 1_048_576;

export interface MetadataRequest {
  readonly index: DiscIndex;
  /** The disc's data, of which a kernel can read all in the image's files (kernelFiles). */
  readonly data: PlanStream;
  readonly label: string;
  /** Forces a block size (a power of two from 512 to 4096). */
  readonly blockSize?: number;
  readonly signal?: AbortSignal;
}

export interface MetadataSummary {
  /** Bytes of a block: what kernels before 6.4 want to be a page. */
  readonly blockSize: number;
  /** Bytes of the metadata file. */
  readonly bytes: number;
  /** Distinct nodes. */
  readonly nodes: number;
  /** Bytes of files that were copied into it. */
  readonly copiedBytes: number;
}

/**
 * Reads the whole tree and writes its metadata to `file`, which is empty. Rejects with `unsupported` when EROFS cannot
 * serve the image, `image-unreadable`, or `cancelled`.
 */
export async function writeMetadata(request: MetadataRequest, file: FileHandle): Promise<MetadataSummary> {
  const { index, data, signal } = request;
  await index.loadAll(signal);
  const plan = await choosePlan(request);
  const writer = new MetadataWriter(plan, new ContentOpener(index, data), new MetadataStream(file), signal);
  await writer.write(request.label);
  return {
    blockSize: plan.blockSize,
    bytes: plan.endBlock * plan.blockSize,
    nodes: plan.nodeCount,
    copiedBytes: plan.copiedBytes,
  };
}

/** The largest block size at which what must be copied stays within its bound. */
async function choosePlan({ index, data, blockSize }: MetadataRequest): Promise<MetadataPlan> {
  const sizes = blockSize === undefined ? BLOCK_SIZES : [blockSize];
  let plan: MetadataPlan | undefined;
  for (const size of sizes) {
    plan = await MetadataPlan.make({ table: index.table, image: new PlacedImage(data, size) });
    if (plan.copiedBytes <= MAX_COPIED_BYTES) return plan;
  }
  throw plan!.refuse(
    `${countBytes(plan!.copiedBytes)} of files that do not lie in whole blocks, expected at most ${MAX_COPIED_BYTES}`,
  );
}

class MetadataWriter {
  readonly #plan: MetadataPlan;
  readonly #contents: ContentOpener;
  readonly #out: MetadataStream;
  readonly #signal: AbortSignal | undefined;

  constructor(
    plan: MetadataPlan,
    contents: ContentOpener,
    out: MetadataStream,
    signal: AbortSignal | undefined,
  ) {
    this.#plan = plan;
    this.#contents = contents;
    this.#out = out;
    this.#signal = signal;
  }

  async write(label: string): Promise<void> {
    const plan = this.#plan;
    const out = this.#out;
    this.#writeSuperblock(label);
    await out.skipTo(plan.inodesStart);
    const { rowCount } = plan.table;
    for (let row = 0; row < rowCount; row += 1) {
      if (plan.places[row] === PLACE.alias) continue;
      if (!out.hasRoom) await this.#flush();
      // Less than a block: room for it is kept, and it is zero.
      out.at += plan.nodes[row]! * NODE_UNIT - out.position;
      this.#writeInode(row);
      if (plan.places[row] === PLACE.inline) this.#writeInline(row);
      else if (this.#hasMore(row)) await this.#writeMore(row);
    }
    await out.skipTo(plan.attributesBlock * plan.blockSize);
    await out.append(plan.attributes.shared);
    for (let row = 0; row < rowCount; row += 1) {
      if (plan.places[row] === PLACE.blocks) await this.#writeBlocks(row);
    }
    await out.skipTo(plan.endBlock * plan.blockSize);
    await this.#flush();
  }

  #writeSuperblock(label: string): void {
    const plan = this.#plan;
    const { view, bytes } = this.#out;
    const at = SUPERBLOCK_OFFSET;
    view.setUint32(at + SUPERBLOCK.magic, SUPERBLOCK_MAGIC, true);
    bytes[at + SUPERBLOCK.blockBits] = Math.log2(plan.blockSize);
    view.setUint16(at + SUPERBLOCK.rootNode, plan.nodes[0]!, true);
    view.setUint32(at + SUPERBLOCK.inodeCount, plan.nodeCount, true);
    view.setUint32(at + SUPERBLOCK.blocks, plan.endBlock, true);
    view.setUint32(at + SUPERBLOCK.metadataBlock, 0, true);
    view.setUint32(at + SUPERBLOCK.attributesBlock, plan.attributesBlock, true);
    new TextEncoder().encodeInto(
      label,
      bytes.subarray(at + SUPERBLOCK.volumeName, at + SUPERBLOCK.volumeName + VOLUME_NAME_BYTES),
    );
    view.setUint32(at + SUPERBLOCK.incompatible, INCOMPATIBLE.chunkedFile | INCOMPATIBLE.deviceTable, true);
    view.setUint16(at + SUPERBLOCK.extraDevices, plan.image.files.length, true);
    view.setUint16(at + SUPERBLOCK.deviceSlot, DEVICE_SLOT_OFFSET / DEVICE_SLOT_BYTES, true);
    this.#out.at = DEVICE_SLOT_OFFSET;
    for (const { block, blocks } of plan.image.files) {
      view.setUint32(this.#out.at + DEVICE_SLOT.blocks, blocks, true);
      view.setUint32(this.#out.at + DEVICE_SLOT.unifiedAddress, plan.endBlock + block, true);
      this.#out.at += DEVICE_SLOT_BYTES;
    }
  }

  #writeInode(row: number): void {
    const plan = this.#plan;
    const { rows } = plan.table.memory;
    const { view } = this.#out;
    const { at } = this.#out;
    const words = row * ROW_WORDS;
    const mode = rows[words + ROW.mode]!;
    view.setUint16(at + INODE.format, layoutOf(plan.places[row]!), true);
    view.setUint16(at + INODE.mode, mode, true);
    view.setUint32(at + INODE.data, this.#dataField(row), true);
    view.setUint32(at + INODE.serial, row + 1, true);
    view.setUint32(at + INODE.userId, rows[words + ROW.userId]!, true);
    view.setUint32(at + INODE.groupId, rows[words + ROW.groupId]!, true);
    view.setUint32(at + INODE.links, rows[words + ROW.links]!, true);
    const size = this.#sizeOf(row, mode & MODE_TYPE.mask);
    view.setUint32(at + INODE.size, size >>> 0, true);
    view.setUint32(at + INODE.size + 4, highWord(size), true);
    // 12 signed high bits of seconds above 20 bits of microseconds.
    const high = rows[words + ROW.modified + 1]!;
    view.setUint32(at + INODE.seconds, rows[words + ROW.modified]!, true);
    view.setInt32(at + INODE.seconds + 4, high >> 20, true);
    view.setUint32(at + INODE.nanoseconds, (high & 0xf_ffff) * 1000, true);
    this.#out.at = at + INODE_BYTES;
  }

  #sizeOf(row: number, type: number): number {
    const { table, details } = this.#plan;
    if (type === MODE_TYPE.directory) return details[row]!;
    if (type === MODE_TYPE.symlink) return table.word(row, ROW.count);
    return type === MODE_TYPE.regular ? table.wide(row, ROW.sizeLow) : 0;
  }

  /** First block, device number, or chunk format. */
  #dataField(row: number): number {
    const { table, places, blocks, details, blockSize, dataBlock, endBlock } = this.#plan;
    switch (places[row]!) {
      case PLACE.blocks:
        return dataBlock + blocks[row]!;
      case PLACE.image:
        return endBlock + firstOffset(this.#plan, row) / blockSize;
      case PLACE.chunks:
        return details[row]! | CHUNK_INDEXES;
      case PLACE.inline:
        return 0;
      default:
        return encodeDevice(table.type(row), table.word(row, ROW.first), table.word(row, ROW.count));
    }
  }

  #hasMore(row: number): boolean {
    const { table, places } = this.#plan;
    return places[row] === PLACE.chunks || table.word(row, ROW.attributes) !== 0;
  }

  async #writeMore(row: number): Promise<void> {
    await this.#out.append(this.#takeAttributes(row, this.#out.at - INODE_BYTES));
    if (this.#plan.places[row] === PLACE.chunks) await this.#writeChunks(row);
  }

  /** Enters the attributes of the inode at byte `inode` of the buffer there, and gives them. */
  #takeAttributes(row: number, inode: number): Uint8Array {
    const attributes = this.#plan.attributes.encode(row);
    if (attributes.length > 0) {
      const count = 1 + (attributes.length - ATTRIBUTES_HEADER_BYTES) / 4;
      this.#out.view.setUint16(inode + INODE.attributeCount, count, true);
    }
    return attributes;
  }

  #writeInline(row: number): void {
    const { table, packer, nodes } = this.#plan;
    const out = this.#out;
    if (table.word(row, ROW.attributes) !== 0) {
      const attributes = this.#takeAttributes(row, out.at - INODE_BYTES);
      out.bytes.set(attributes, out.at);
      out.at += attributes.length;
    }
    if (table.type(row) === MODE_TYPE.directory) {
      packer.open(row);
      out.at += packer.writeBlock(out.bytes, out.view, out.at, 0, packer.count, nodes);
      return;
    }
    const target = targetOf(table, row);
    out.bytes.set(target, out.at);
    out.at += target.length;
  }

  async #writeChunks(row: number): Promise<void> {
    const { table, blockSize, image, details } = this.#plan;
    const out = this.#out;
    await out.skipTo(roundUp(out.position, CHUNK_INDEX_BYTES));
    const chunkBytes = blockSize * 2 ** details[row]!;
    for (const run of readRuns(table, row, image)) {
      for (let done = 0; done < run.length; done += chunkBytes) {
        if (!out.hasRoom) await this.#flush();
        const isHole = run.offset === HOLE;
        const block = (run.offset + done) / blockSize - image.files[run.file]!.block;
        out.view.setUint16(out.at + CHUNK_INDEX.device, isHole ? 0 : FIRST_DEVICE + run.file, true);
        out.view.setUint32(out.at + CHUNK_INDEX.block, isHole ? NO_BLOCK : block, true);
        out.at += CHUNK_INDEX_BYTES;
      }
    }
  }

  async #writeBlocks(row: number): Promise<void> {
    const { table, blocks, blockSize, dataBlock } = this.#plan;
    const out = this.#out;
    await out.skipTo((dataBlock + blocks[row]!) * blockSize);
    const type = table.type(row);
    if (type === MODE_TYPE.directory) await this.#writeDirectory(row);
    else if (type === MODE_TYPE.symlink) await out.append(targetOf(table, row));
    else await this.#copyFile(row);
  }

  async #writeDirectory(row: number): Promise<void> {
    const { packer, nodes, blockSize } = this.#plan;
    const out = this.#out;
    packer.open(row);
    for (let place = 0; place < packer.count;) {
      if (!out.hasRoom) await this.#flush();
      const end = packer.blockEnd(place);
      const used = packer.writeBlock(out.bytes, out.view, out.at, place, end, nodes);
      out.at += end < packer.count ? blockSize : used;
      place = end;
    }
  }

  async #copyFile(row: number): Promise<void> {
    const { table } = this.#plan;
    const size = table.wide(row, ROW.sizeLow);
    const reader = this.#contents.open(row);
    const buffer = new Uint8Array(Math.min(COPY_BYTES, size));
    for (let position = 0; position < size;) {
      const got = await this.#read(reader, buffer, position);
      await this.#out.append(buffer.subarray(0, got));
      position += got;
    }
  }

  /** Another driver shows the files that can be read; the kernel would have none. */
  async #read(reader: FileContent, buffer: Uint8Array, position: number): Promise<number> {
    try {
      return await reader.read(buffer, position, this.#signal);
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code !== 'damaged') throw thrown;
      throw unsuitable(this.#plan.image.name, `a file cannot be copied: ${thrown.message}`);
    }
  }

  async #flush(): Promise<void> {
    throwIfAborted(this.#signal);
    await this.#out.flush();
  }
}

function layoutOf(place: number): number {
  if (place === PLACE.inline) return LAYOUT.inline;
  return place === PLACE.chunks ? LAYOUT.chunked : LAYOUT.plain;
}

/** Byte offset of a file that is one run, in the space of the image's files. */
function firstOffset(plan: MetadataPlan, row: number): number {
  return readRuns(plan.table, row, plan.image)[0]!.offset;
}

function targetOf(table: IndexTable, row: number): Uint8Array {
  const start = table.word(row, ROW.first);
  return table.memory.blob.subarray(start, start + table.word(row, ROW.count));
}

/** Linux's 32-bit device number (include/linux/kdev_t.h new_encode_dev): 12 bits of major, 20 of minor. */
function encodeDevice(type: number, major: number, minor: number): number {
  if (type !== MODE_TYPE.character && type !== MODE_TYPE.block) return 0;
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}
