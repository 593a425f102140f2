// The content of a zisofs file, read at random: a table of pointers says where each compressed block lies. Tables and
// blocks are read when they are needed, and kept in a cache that files share; a damaged one spoils nothing else.
import { countBytes } from '../../../base/byte-count.js';
import { ByteCursor } from '../../../base/byte-cursor.js';
import { BlockContent } from '../../content/block-content.js';
import type { BlockPlace, CodedFile, StoredBlock } from '../../content/block-content.js';
import { unpackParameters } from './zisofs-field.js';
import type { ZisofsParameters } from './zisofs-field.js';
import { HEADER_BYTES, compareHeader } from './zisofs-header.js';

/** Pointers read at a time. */
const TABLE_POINTERS = 512;
/** Bytes of a pointer in each version. */
const POINTER_BYTES = { 1: 4, 2: 8 } as const;
/** Compressed bytes of a block beyond twice its size: no algorithm makes that of data that do not shrink. */
export const MAX_OVERHEAD = 4096;

export class ZisofsContent extends BlockContent {
  protected override readonly coding = 'zisofs';
  readonly #parameters: ZisofsParameters;
  #isHeaderChecked = false;

  /** `parameters` as packed by readZisofsField. */
  constructor(file: CodedFile) {
    const parameters = unpackParameters(file.parameters);
    super(file, 2 ** parameters.blockShift);
    this.#parameters = parameters;
  }

  protected override prepare(signal: AbortSignal | undefined): Promise<void> {
    return this.#isHeaderChecked ? Promise.resolve() : this.#checkHeader(signal);
  }

  async #checkHeader(signal: AbortSignal | undefined): Promise<void> {
    const { stored, onMismatch } = this.file;
    const bytes = new Uint8Array(Math.min(HEADER_BYTES[this.#parameters.version], stored.size));
    await stored.read(bytes, 0, signal);
    if (this.#isHeaderChecked) return;
    this.#isHeaderChecked = true;
    const mismatch = compareHeader(bytes, this.#parameters, this.size);
    if (mismatch !== undefined) onMismatch(mismatch);
  }

  protected override unwrap(bytes: Uint8Array): StoredBlock {
    return { bytes, algorithm: this.#parameters.algorithm };
  }

  /** Checked against the file's bounds. */
  protected override async locate(block: number): Promise<BlockPlace | undefined> {
    const { headerBytes, version } = this.#parameters;
    const width = POINTER_BYTES[version];
    const table = Math.floor(block / TABLE_POINTERS);
    const { stored } = this.file;
    const bytes = await this.keep(`table-${table}`, () => this.#readTable(table));
    const cursor = new ByteCursor(bytes, this.file.sourceName, 0);
    const at = (block - table * TABLE_POINTERS) * width;
    if (at + 2 * width > bytes.length)
      throw this.damaged(block, 'its pointer lies behind the end of the file');
    const first = readPointer(cursor, at, width);
    const end = readPointer(cursor, at + width, width);
    const limit = 2 * this.unitBytes + MAX_OVERHEAD;
    if (end > stored.size || first > end || end - first > limit || (first < end && first < headerBytes)) {
      const place = `it lies at bytes ${first} to ${end} of the ${stored.size} stored ones`;
      throw this.damaged(block, `${place}, expected at most ${countBytes(limit)} inside of them`);
    }
    return first === end ? undefined : { start: first, length: end - first };
  }

  /** The pointers of one table, and the first one of the next. */
  async #readTable(table: number): Promise<Uint8Array> {
    const { headerBytes, version } = this.#parameters;
    const width = POINTER_BYTES[version];
    const { stored } = this.file;
    const position = headerBytes + table * TABLE_POINTERS * width;
    const count = Math.min(
      TABLE_POINTERS + 1,
      Math.ceil(this.size / this.unitBytes) + 1 - table * TABLE_POINTERS,
    );
    const bytes = new Uint8Array(Math.max(0, Math.min(count * width, stored.size - position)));
    await stored.read(bytes, position);
    return bytes;
  }
}

function readPointer(cursor: ByteCursor, at: number, width: number): number {
  const low = cursor.u32le(at);
  return width === POINTER_BYTES[1] ? low : low + cursor.u32le(at + 4) * 0x1_0000_0000;
}
