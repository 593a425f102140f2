// The content of a file that Mac OS keeps compressed: one piece from an attribute, or blocks of 64 KiB from the
// resource fork, where a table says where each lies. Any block may be stored as it is behind a mark.
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import { BlockContent } from '../content/block-content.js';
import type { BlockPlace, CodedFile, StoredBlock } from '../content/block-content.js';
import { findScheme } from './decmpfs-scheme.js';
import type { DecmpfsScheme } from './decmpfs-scheme.js';

const BLOCK_BYTES = 65_536;
/** Stored bytes of a block beyond those of its content: a mark, or what compression adds to data that do not shrink. */
export const MAX_OVERHEAD = 4096;
/** Entries of the table that are read at a time. */
const TABLE_ENTRIES = 512;
/**
 * Of the resource fork (Inside Macintosh: More Macintosh Toolbox, 1-122): the first number says where its data
 * start.
 */
const FORK_HEADER_BYTES = 16;
/**
 * The data: their length, big-endian, then the table: its count, little-endian, then an offset and a length a
 * block.
 */
const LENGTH_BYTES = 4;
const COUNT_BYTES = 4;
const ENTRY_BYTES = { resource: 8, offsets: 4 } as const;

/** Where the table of the blocks is. */
interface BlockTable {
  readonly kind: 'resource' | 'offsets';
  /** Byte of the fork that the offsets count from. */
  readonly base: number;
  /** Byte of the fork where the entries start. */
  readonly start: number;
  readonly blocks: number;
}

export class DecmpfsContent extends BlockContent {
  protected override readonly coding = 'decmpfs';
  readonly #scheme: DecmpfsScheme | string;
  #table: BlockTable | undefined;

  constructor(file: CodedFile) {
    const scheme = findScheme(file.parameters, file.size);
    const isWhole = typeof scheme !== 'string' && scheme.place === 'attribute';
    super(file, isWhole ? Math.max(1, file.size) : BLOCK_BYTES);
    this.#scheme = scheme;
  }

  protected override async prepare(signal: AbortSignal | undefined): Promise<void> {
    const { table } = this.#knownScheme();
    if (table !== undefined) this.#table ??= await this.#readTable(table, signal);
  }

  #knownScheme(): DecmpfsScheme {
    if (typeof this.#scheme !== 'string') return this.#scheme;
    const source = this.file.sourceName;
    throw new IsodriveError(
      'damaged',
      `Cannot read a file of "${source}" that Mac OS compressed: ${this.#scheme}`,
      { at: { source }, action: 'Read this file on a Mac' },
    );
  }

  protected override async locate(block: number): Promise<BlockPlace> {
    const place =
      this.#table === undefined
        ? { start: 0, length: this.file.stored.size }
        : await this.#locate(block, this.#table);
    const limit = this.sizeOf(block) + MAX_OVERHEAD;
    if (place.length <= limit) return place;
    throw this.damaged(block, `it is stored in ${countBytes(place.length)}, expected at most ${limit}`);
  }

  protected override unwrap(bytes: Uint8Array): StoredBlock {
    const { isStored, algorithm } = this.#knownScheme();
    const isMarked = bytes.length > 0 && isStored?.(bytes[0]!) === true;
    if (isMarked) return { bytes: bytes.subarray(1), algorithm: undefined };
    return { bytes, algorithm };
  }

  async #readTable(kind: BlockTable['kind'], signal: AbortSignal | undefined): Promise<BlockTable> {
    const first = await this.#readStored(0, kind === 'resource' ? FORK_HEADER_BYTES : LENGTH_BYTES, signal);
    if (kind === 'offsets') {
      // The first block starts where the table ends.
      return { kind, base: 0, start: 0, blocks: Math.floor(first.u32le(0) / ENTRY_BYTES.offsets) - 1 };
    }
    const base = first.u32be(0) + LENGTH_BYTES;
    const blocks = (await this.#readStored(base, COUNT_BYTES, signal)).u32le(0);
    return { kind, base, start: base + COUNT_BYTES, blocks };
  }

  /** Where a block's bytes are in the fork. */
  async #locate(block: number, table: BlockTable): Promise<BlockPlace> {
    if (block >= table.blocks) throw this.damaged(block, `its table has ${table.blocks} entries`);
    const width = ENTRY_BYTES[table.kind];
    const window = Math.floor(block / TABLE_ENTRIES);
    const at = table.start + window * TABLE_ENTRIES * width;
    // An entry more: where a block ends may stand in the next one.
    const wanted = (Math.min(TABLE_ENTRIES, table.blocks - window * TABLE_ENTRIES) + 1) * width;
    const bytes = await this.keep(`table-${window}`, async () => {
      const part = new Uint8Array(Math.max(0, Math.min(wanted, this.file.stored.size - at)));
      await this.file.stored.read(part, at);
      return part;
    });
    const entry = (block % TABLE_ENTRIES) * width;
    if (entry + 8 > bytes.length) throw this.damaged(block, 'its table is cut short');
    const cursor = new ByteCursor(bytes, this.file.sourceName, 0);
    const start = table.base + cursor.u32le(entry);
    const second = cursor.u32le(entry + 4);
    const length = table.kind === 'resource' ? second : second - start;
    const limit = BLOCK_BYTES + MAX_OVERHEAD;
    if (length >= 0 && length <= limit && start + length <= this.file.stored.size) return { start, length };
    const place = `it has ${countBytes(length)} at ${start} of the ${this.file.stored.size} of its fork`;
    throw this.damaged(block, `${place}, expected at most ${limit} inside of it`);
  }

  async #readStored(start: number, length: number, signal: AbortSignal | undefined): Promise<ByteCursor> {
    const { stored, sourceName } = this.file;
    if (start + length > stored.size) {
      throw this.damaged(0, `its table lies at byte ${start} of the ${stored.size} of its fork`);
    }
    const bytes = new Uint8Array(length);
    await stored.read(bytes, start, signal);
    return new ByteCursor(bytes, sourceName, 0);
  }
}
