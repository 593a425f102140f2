// Finds the file entry that an ICB comes down to, and all its extents: chains of entries (strategy 4096), chains of
// allocation extent descriptors, and the copies of what is damaged. Everything that chains is bounded.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import { MIN_STEP_BYTES, WORK_USED_UP } from '../contract/work-budget.js';
import type { WorkBudget } from '../contract/work-budget.js';
import { addAllocation } from './allocation-descriptors.js';
import type { AllocationContext } from './allocation-descriptors.js';
import { ExtentList } from './extent-list.js';
import { readLongExtent } from './fields.js';
import type { BlockAddress } from './fields.js';
import { ALLOCATION, FileEntry } from './file-entry.js';
import type { Partition } from './partition/partition.js';
import { TAG, checkTag, tagIdentifier } from './tag.js';
import type { UdfFindings } from './udf-findings.js';

/** Indirect entries followed, as in Linux. */
export const MAX_ICB_NESTING = 1024;
/** Allocation extent descriptors of one file: at 2048 bytes each, they hold more than MAX_RUNS extents. */
export const MAX_ALLOCATION_EXTENTS = 4096;
/** 4/14.6.2: entries of this strategy are followed by an indirect one (ECMA-167 4/A.5.2). */
const STRATEGY_CHAIN = 4096;
const STRATEGY_DIRECT = 4;
/** 4/14.5 Allocation Extent Descriptor: its descriptors start here. */
const ALLOCATION_EXTENT_BYTES = 24;

/** Reads in a volume whose partitions may still be in the making. */
export interface IcbContext {
  readonly reader: DataStream;
  readonly work: WorkBudget;
  readonly blockSize: number;
  readonly partitions: readonly Partition[];
}

/** A file entry and where its data lies. One is kept and overwritten for file after file. */
export class Icb {
  readonly entry = new FileEntry();
  readonly extents = new ExtentList();
  /** Over the block of the entry. */
  readonly cursor: ByteCursor;
  /** Byte offset in the image of the entry that was asked for: the first of a chain. */
  position = 0;
  /** Partition that short allocation descriptors count in. */
  home = 0;
  /** What the last run may be filled up to a multiple of, bytes: a block, or 1 where the data stands in the entry. */
  tailUnit = 1;
  /** Allocation descriptors are missing; why, once it is known. */
  fault: string | undefined;

  constructor(sourceName: string) {
    this.cursor = new ByteCursor(new Uint8Array(), sourceName, 0);
  }
}

export class IcbReader {
  readonly context: IcbContext;
  readonly #findings: UdfFindings;
  readonly #imageSize: number;
  readonly #allocation: AllocationContext;

  constructor(context: IcbContext, findings: UdfFindings) {
    this.context = context;
    this.#findings = findings;
    this.#imageSize = context.reader.size;
    const { partitions, work } = context;
    this.#allocation = { partitions, work, imageSize: this.#imageSize };
  }

  /** Byte offset in the image of a block; -1 when it lies outside. */
  offsetOf({ block, partition }: BlockAddress): number {
    const offset = this.context.partitions[partition]?.offsetOf(block) ?? -1;
    return offset + this.context.blockSize > this.#imageSize ? -1 : offset;
  }

  /**
   * Takes the entry from the block that the cursor of `icb` is on. False when it is not a plain one: damaged, or with
   * parts elsewhere. Then `load` has to be asked. Throws `damaged` where the entry does not fit in its block.
   */
  take(icb: Icb, block: number, partition: number): boolean {
    const { cursor, entry } = icb;
    const identifier = tagIdentifier(cursor);
    if (identifier !== TAG.fileEntry && identifier !== TAG.extendedFileEntry) return false;
    if (checkTag(cursor, block) !== undefined) return false;
    entry.parse(cursor);
    if (entry.strategy !== STRATEGY_DIRECT) return false;
    icb.position = cursor.offsetInSource(0);
    icb.home = partition;
    return this.#addExtents(icb) === undefined;
  }

  /** Rejects with `damaged` when there is no file entry, and as ByteSource.read does. */
  async load(icb: Icb, address: BlockAddress, signal?: AbortSignal): Promise<void> {
    icb.position = this.offsetOf(address);
    let at: BlockAddress | undefined = address;
    for (let nesting = 0; at !== undefined; nesting += 1) {
      if (nesting > MAX_ICB_NESTING) throw this.#refuse(address, `chain is longer than ${MAX_ICB_NESTING}`);
      await this.#readEntry(icb, at, signal);
      icb.home = at.partition;
      at = icb.entry.strategy === STRATEGY_CHAIN ? await this.#readIndirect(at, signal) : undefined;
    }
    const { strategy } = icb.entry;
    if (strategy !== STRATEGY_DIRECT && strategy !== STRATEGY_CHAIN) {
      throw this.#refuse(address, `strategy is ${strategy}`);
    }
    let next = this.#addExtents(icb);
    const seen = new Set<number>();
    while (next !== undefined && icb.fault === undefined)
      next = await this.#addChained(icb, next, seen, signal);
  }

  async #readEntry(icb: Icb, address: BlockAddress, signal: AbortSignal | undefined): Promise<void> {
    const isEntry = (tag: number): boolean => tag === TAG.fileEntry || tag === TAG.extendedFileEntry;
    const found = await this.readDescriptor(address, isEntry, 'file entry', signal);
    icb.cursor.setBytes(found.slice(0, found.length), found.offsetInSource(0));
    icb.entry.parse(icb.cursor);
  }

  /** Where the next entry of a chain is: an indirect entry stands behind each but the last one. */
  async #readIndirect(
    address: BlockAddress,
    signal: AbortSignal | undefined,
  ): Promise<BlockAddress | undefined> {
    const place = { block: address.block + 1, partition: address.partition };
    const offset = this.offsetOf(place);
    if (offset < 0) return undefined;
    const cursor = await this.#readBlock(offset, signal);
    if (tagIdentifier(cursor) !== TAG.indirectEntry || checkTag(cursor, place.block) !== undefined) {
      return undefined;
    }
    const next = readLongExtent(cursor, 36); // 4/14.7.3 Indirect ICB, BP 36-51
    if (next.length === 0) return undefined;
    // An ICB that was never recorded behind the last indirect entry ends the chain.
    const nextOffset = this.offsetOf(next);
    if (nextOffset < 0) return undefined;
    const head = tagIdentifier(await this.#readBlock(nextOffset, signal));
    return head === TAG.fileEntry || head === TAG.extendedFileEntry ? next : undefined;
  }

  /** Adds what the entry itself says; gives the place of the first allocation extent descriptor, if there is one. */
  #addExtents(icb: Icb): BlockAddress | undefined {
    const { entry, extents, cursor } = icb;
    extents.clear();
    icb.fault = undefined;
    icb.tailUnit = entry.allocation === ALLOCATION.embedded ? 1 : this.context.blockSize;
    if (entry.allocation === ALLOCATION.embedded) {
      extents.add(cursor.offsetInSource(entry.allocationOffset), entry.allocationLength);
      return undefined;
    }
    const { allocationOffset, allocationLength, allocation } = entry;
    return this.#addDescriptors(icb, cursor, allocationOffset, allocationLength, allocation);
  }

  #addDescriptors(
    icb: Icb,
    cursor: ByteCursor,
    offset: number,
    length: number,
    kind: number,
  ): BlockAddress | undefined {
    if (kind > ALLOCATION.embedded) icb.fault = `kind of allocation descriptors is ${kind}`;
    return addAllocation(this.#allocation, cursor, offset, length, kind, icb.home, icb.extents);
  }

  /** Adds the extents of one allocation extent descriptor; gives the next one's place. */
  async #addChained(
    icb: Icb,
    address: BlockAddress,
    seen: Set<number>,
    signal: AbortSignal | undefined,
  ): Promise<BlockAddress | undefined> {
    const offset = this.offsetOf(address);
    if (seen.has(offset) || seen.size >= MAX_ALLOCATION_EXTENTS) {
      icb.fault = seen.has(offset) ? 'chain leads back to itself' : `chain is longer than ${seen.size}`;
      return undefined;
    }
    seen.add(offset);
    try {
      this.takeBytes(this.context.blockSize);
      const isExtent = (tag: number): boolean => tag === TAG.allocationExtent;
      const found = await this.readDescriptor(address, isExtent, 'allocation extent descriptor', signal);
      const length = found.u32le(20); // 4/14.5.3 Length of Allocation Descriptors, BP 20-23
      const room = Math.min(length, found.length - ALLOCATION_EXTENT_BYTES);
      return this.#addDescriptors(icb, found, ALLOCATION_EXTENT_BYTES, room, icb.entry.allocation);
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code !== 'damaged') throw thrown;
      icb.fault = thrown.message;
      return undefined;
    }
  }

  /**
   * A descriptor of the wanted kind, from its copy where it is damaged; one with a fault is used, with a finding, when
   * there is no better. The cursor is over its block, and for the caller to keep. Rejects with `damaged` when there is
   * none, and as ByteSource.read does.
   */
  async readDescriptor(
    address: BlockAddress,
    isWanted: (tag: number) => boolean,
    what: string,
    signal?: AbortSignal,
  ): Promise<ByteCursor> {
    const copy = this.context.partitions[address.partition]?.copyOffsetOf?.(address.block) ?? -1;
    const offset = this.offsetOf(address);
    const places = [offset, copy].filter((place) => place >= 0);
    let best: ByteCursor | undefined;
    for (const place of places) {
      const cursor = await this.#readBlock(place, signal);
      if (!isWanted(tagIdentifier(cursor))) continue;
      const fault = checkTag(cursor, address.block);
      if (fault === 'none') continue;
      best ??= cursor;
      if (fault !== undefined) continue;
      best = cursor;
      break;
    }
    if (best === undefined) throw this.#refuse(address, `no ${what} stands there`);
    const bestOffset = best.offsetInSource(0);
    if (bestOffset !== offset) this.#findings.copyUsed(capitalize(what), offset);
    const fault = checkTag(best, address.block);
    if (fault !== undefined) this.#findings.tagFault(what, fault, bestOffset);
    return best;
  }

  /** To be called before bytes that belong to one file are read. Throws `damaged` when too many were. */
  takeBytes(count: number): void {
    if (!this.context.work.takeSteps(Math.ceil(count / MIN_STEP_BYTES))) throw this.#usedUp();
  }

  #usedUp(): IsodriveError {
    return new IsodriveError('damaged', WORK_USED_UP, { at: { source: this.context.reader.name } });
  }

  async #readBlock(offset: number, signal: AbortSignal | undefined): Promise<ByteCursor> {
    const { reader, blockSize, work } = this.context;
    if (!work.takeBytes(blockSize)) throw this.#usedUp();
    const bytes = new Uint8Array(blockSize);
    await reader.read(bytes, offset, signal);
    return new ByteCursor(bytes, reader.name, offset);
  }

  #refuse({ block, partition }: BlockAddress, found: string): IsodriveError {
    const { reader } = this.context;
    const offset = this.offsetOf({ block, partition });
    const at = offset < 0 ? { source: reader.name } : { source: reader.name, offset };
    return new IsodriveError(
      'damaged',
      `Cannot read block ${block} of partition ${partition} of "${reader.name}": ${found}, expected a descriptor`,
      { at },
    );
  }
}

function capitalize(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
