// Where the forks of a volume lie: the first extents stand in the file's own record, further ones in the extents
// overflow B-tree (Inside Macintosh: Files, 2-74; Apple TN1150, "Extents Overflow File").
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { BTree } from './b-tree.js';
import { ForkBuilder } from './fork.js';
import type { Fork } from './fork.js';
import { LookupBudget } from './lookup-budget.js';

/** Extents of one fork: a fragmented file has hundreds. */
export const MAX_FORK_EXTENTS = 65_536;

/** What differs between HFS and HFS+. */
export interface ExtentFormat {
  /** Extents in one record. */
  readonly runs: number;
  /** Bytes of a block number and of a count. */
  readonly width: 2 | 4;
  /** Offsets of file id and start block in a key of the overflow tree, behind its length; the fork type is at 0. */
  readonly fileIdAt: number;
  readonly startAt: number;
}

export const FORK_TYPE = { data: 0, resource: 0xff } as const;

export interface ForkRequest {
  readonly fileId: number;
  readonly type: number;
  /** Bytes. */
  readonly size: number;
  /** Holds the first extents from `extentsAt` on. */
  readonly record: ByteCursor;
  readonly extentsAt: number;
}

export class ForkMap {
  /** The overflow tree; set once it is open, since its own fork is looked up here as well. */
  overflow: BTree | undefined;
  readonly #blockSize: number;
  readonly #firstBlock: number;
  readonly #format: ExtentFormat;
  #lookups: LookupBudget | undefined;

  /** `firstBlock`: byte offset in the image of allocation block 0. */
  constructor(blockSize: number, firstBlock: number, format: ExtentFormat) {
    this.#blockSize = blockSize;
    this.#firstBlock = firstBlock;
    this.#format = format;
  }

  /** The fork; its extents are fewer than its size needs where the overflow tree lacks them. Rejects as BTree does. */
  async locate(request: ForkRequest, signal?: AbortSignal): Promise<Fork> {
    const { size } = request;
    const builder = new ForkBuilder(this.#blockSize, this.#firstBlock);
    this.#addRuns(builder, request.record, request.extentsAt);
    for (let taken = this.#format.runs; !builder.covers(size); taken += this.#format.runs) {
      if (taken >= MAX_FORK_EXTENTS || !(await this.#addOverflow(builder, request, signal))) break;
    }
    return { size, extents: builder.finish(size) };
  }

  #addRuns(builder: ForkBuilder, record: ByteCursor, at: number): void {
    const { width, runs } = this.#format;
    for (let i = 0; i < runs; i += 1) {
      const place = at + i * 2 * width;
      const start = width === 2 ? record.u16be(place) : record.u32be(place);
      const count = width === 2 ? record.u16be(place + 2) : record.u32be(place + 4);
      if (count === 0) return;
      builder.add(start, count);
    }
  }

  /** Adds the record of the overflow tree that goes on where the builder ends; false when there is none. */
  async #addOverflow(
    builder: ForkBuilder,
    request: ForkRequest,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const { overflow } = this;
    if (overflow === undefined) return false;
    this.#lookups ??= new LookupBudget(overflow.size);
    if (!this.#lookups.take()) return false;
    const start = builder.blocks;
    const { fileIdAt, startAt } = this.#format;
    const compare = (key: ByteCursor): number =>
      key.u32be(fileIdAt) - request.fileId ||
      key.u8(0) - request.type ||
      (startAt + this.#format.width > key.length ? -1 : this.#startOf(key) - start);
    const found = await overflow.find(compare, signal);
    if (found === undefined) return false;
    this.#addRuns(builder, found.data, 0);
    return builder.blocks > start;
  }

  #startOf(key: ByteCursor): number {
    return this.#format.width === 2 ? key.u16be(this.#format.startAt) : key.u32be(this.#format.startAt);
  }
}

/** Whether the image ends before the fork does, or the fork lacks extents. */
export function isForkCut(reader: DataStream, { size, extents }: Fork): boolean {
  const held = extents.reduce((sum, { length }) => sum + length, 0);
  return held < size || extents.some(({ offset, length }) => (offset ?? 0) + length > reader.size);
}
