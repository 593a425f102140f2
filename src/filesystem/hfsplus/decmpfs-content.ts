// The content of a file that Mac OS keeps compressed: one piece of zlib from an attribute, or blocks of 64 KiB from the
// resource fork, whose table says where each lies. Any block may be stored as it is behind a mark.
import { ByteCursor } from '../../base/byte-cursor.js';
import { BlockContent } from '../block-content.js';
import type { CodedFile } from '../block-content.js';
import { COMPRESSION_TYPE, STORED_MARK } from './compressed-file.js';

const BLOCK_BYTES = 65_536;
/** Stored bytes of a block beyond those of its content: a mark, or what zlib adds to data that do not shrink. */
export const MAX_OVERHEAD = 4096;
/** Entries of the table that are read at a time; one is an offset and a length. */
const TABLE_ENTRIES = 512;
const ENTRY_BYTES = 8;
/** Of the resource fork (Inside Macintosh: More Macintosh Toolbox, 1-122): the first number says where its data start. */
const FORK_HEADER_BYTES = 16;
/** The data: their length, big-endian, then the table: its count, little-endian, then its entries. */
const LENGTH_BYTES = 4;
const COUNT_BYTES = 4;

export class DecmpfsContent extends BlockContent {
  protected override readonly coding = 'decmpfs';
  readonly #isAttribute: boolean;
  /** Byte of the fork where the table starts, which its offsets count from; 0 until it is known. */
  #tableAt = 0;
  #count = 0;

  constructor(file: CodedFile) {
    const isAttribute = file.parameters === COMPRESSION_TYPE.zlibAttribute;
    super(file, isAttribute ? Math.max(1, file.size) : BLOCK_BYTES);
    this.#isAttribute = isAttribute;
  }

  protected override async prepare(signal: AbortSignal | undefined): Promise<void> {
    if (this.#isAttribute || this.#tableAt > 0) return;
    const header = await this.#readStored(0, FORK_HEADER_BYTES, signal);
    const tableAt = header.u32be(0) + LENGTH_BYTES;
    this.#count = (await this.#readStored(tableAt, COUNT_BYTES, signal)).u32le(0);
    this.#tableAt = tableAt;
  }

  protected override readBlock(block: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return this.keepBlock(block, () => this.#decode(block), signal);
  }

  async #decode(block: number): Promise<Uint8Array> {
    const [start, length] = this.#isAttribute ? [0, this.file.stored.size] : await this.#locate(block);
    const bytes = new Uint8Array(length);
    await this.file.stored.read(bytes, start);
    if (length === 0 || (bytes[0]! & STORED_MARK) !== STORED_MARK) {
      return this.decompress(block, bytes, 'zlib');
    }
    const expected = this.sizeOf(block);
    if (length - 1 === expected) return bytes.subarray(1);
    throw this.damaged(block, `${length - 1} bytes of it are stored, expected ${expected}`);
  }

  /** Start and length of a block's bytes in the fork. */
  async #locate(block: number): Promise<[number, number]> {
    if (block >= this.#count) throw this.damaged(block, `its table has ${this.#count} entries`);
    const window = Math.floor(block / TABLE_ENTRIES);
    const first = window * TABLE_ENTRIES;
    const at = this.#tableAt + COUNT_BYTES + first * ENTRY_BYTES;
    const bytes = await this.keepBlock(
      `table-${window}`,
      async () => {
        const wanted = Math.min(TABLE_ENTRIES, this.#count - first) * ENTRY_BYTES;
        const part = new Uint8Array(Math.max(0, Math.min(wanted, this.file.stored.size - at)));
        await this.file.stored.read(part, at);
        return part;
      },
      undefined,
    );
    const entry = (block - first) * ENTRY_BYTES;
    if (entry + ENTRY_BYTES > bytes.length) throw this.damaged(block, 'its table is cut short');
    const table = new ByteCursor(bytes, this.file.sourceName, 0);
    const start = this.#tableAt + table.u32le(entry);
    const length = table.u32le(entry + 4);
    const limit = BLOCK_BYTES + MAX_OVERHEAD;
    if (length <= limit && start + length <= this.file.stored.size) return [start, length];
    const place = `it has ${length} bytes at ${start} of the ${this.file.stored.size} of its fork`;
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
