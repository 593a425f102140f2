// The content of a zisofs file, read at random: a table of pointers says where each compressed block lies. Tables and
// blocks are read when they are needed, and kept in a cache that files share; a damaged one spoils nothing else.
import { ByteCursor } from '../../../base/byte-cursor.js';
import { IsodriveError } from '../../../base/error.js';
import type { BlockCache } from '../../../source/block-cache.js';
import { loadDecompressor } from '../../../source/decompress/decompress.js';
import type { FileContent } from '../../file-content.js';
import { unpackParameters } from './zisofs-field.js';
import type { ZisofsParameters } from './zisofs-field.js';
import { HEADER_BYTES, compareHeader } from './zisofs-header.js';

/** Pointers read at a time. */
const TABLE_POINTERS = 512;
/** Bytes of a pointer in each version. */
const POINTER_BYTES = { 1: 4, 2: 8 } as const;
/** Compressed bytes of a block beyond twice its size: no algorithm makes that of data that do not shrink. */
const MAX_OVERHEAD = 4096;
/** Blocks of one read that are decompressed at a time. */
const MAX_CONCURRENT = 8;

export interface ZisofsFile {
  /** The file's stored bytes. */
  readonly stored: FileContent;
  /** Bytes of the content. */
  readonly size: number;
  /** As packed by readZisofsField. */
  readonly parameters: number;
  /** Unlike that of any other file in the cache. */
  readonly name: string;
  readonly cache: BlockCache;
  /** Told once what the file's header says against its field. */
  readonly onMismatch: (what: string) => void;
  /** For messages. */
  readonly sourceName: string;
}

export class ZisofsContent implements FileContent {
  readonly size: number;
  readonly #file: ZisofsFile;
  readonly #parameters: ZisofsParameters;
  readonly #blockBytes: number;
  #isHeaderChecked = false;

  constructor(file: ZisofsFile) {
    this.size = file.size;
    this.#file = file;
    this.#parameters = unpackParameters(file.parameters);
    this.#blockBytes = 2 ** this.#parameters.blockShift;
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    const wanted = Math.max(0, Math.min(target.length, this.size - position));
    if (wanted === 0) return 0;
    if (!this.#isHeaderChecked) await this.#checkHeader(signal);
    const last = Math.floor((position + wanted - 1) / this.#blockBytes);
    for (let block = Math.floor(position / this.#blockBytes); block <= last; block += MAX_CONCURRENT) {
      const count = Math.min(MAX_CONCURRENT, last - block + 1);
      await Promise.all(
        Array.from({ length: count }, (_, i) =>
          this.#copyBlock(block + i, target.subarray(0, wanted), position, signal),
        ),
      );
    }
    return wanted;
  }

  /** Copies what is wanted of a block; byte 0 of the target is byte `position` of the file. */
  async #copyBlock(
    block: number,
    target: Uint8Array,
    position: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const start = block * this.#blockBytes;
    const from = Math.max(start, position);
    const to = Math.min(start + this.#blockBytes, position + target.length);
    const [first, end] = await this.#readPointers(block, signal);
    if (first === end) {
      target.fill(0, from - position, to - position);
      return;
    }
    const { cache, name } = this.#file;
    const bytes = await cache.get(`${name}:${block}`, () => this.#decode(block, first, end), signal);
    target.set(bytes.subarray(from - start, to - start), from - position);
  }

  /** Where a block's compressed bytes begin and end in the file; checked against its bounds. */
  async #readPointers(block: number, signal: AbortSignal | undefined): Promise<[number, number]> {
    const { headerBytes, version } = this.#parameters;
    const width = POINTER_BYTES[version];
    const table = Math.floor(block / TABLE_POINTERS);
    const { cache, name, stored } = this.#file;
    const bytes = await cache.get(`${name}:table-${table}`, () => this.#readTable(table), signal);
    const cursor = new ByteCursor(bytes, this.#file.sourceName, 0);
    const at = (block - table * TABLE_POINTERS) * width;
    if (at + 2 * width > bytes.length)
      throw this.#damaged(block, 'its pointer lies behind the end of the file');
    const first = readPointer(cursor, at, width);
    const end = readPointer(cursor, at + width, width);
    const limit = 2 * this.#blockBytes + MAX_OVERHEAD;
    if (end > stored.size || first > end || end - first > limit || (first < end && first < headerBytes)) {
      const place = `it lies at bytes ${first} to ${end} of the ${stored.size} stored ones`;
      throw this.#damaged(block, `${place}, expected at most ${limit} bytes inside of them`);
    }
    return [first, end];
  }

  /** The pointers of one table, and the first one of the next. */
  async #readTable(table: number): Promise<Uint8Array> {
    const { headerBytes, version } = this.#parameters;
    const width = POINTER_BYTES[version];
    const { stored } = this.#file;
    const position = headerBytes + table * TABLE_POINTERS * width;
    const count = Math.min(
      TABLE_POINTERS + 1,
      Math.ceil(this.size / this.#blockBytes) + 1 - table * TABLE_POINTERS,
    );
    const bytes = new Uint8Array(Math.max(0, Math.min(count * width, stored.size - position)));
    await stored.read(bytes, position);
    return bytes;
  }

  async #decode(block: number, first: number, end: number): Promise<Uint8Array> {
    const compressed = new Uint8Array(end - first);
    await this.#file.stored.read(compressed, first);
    const size = Math.min(this.#blockBytes, this.size - block * this.#blockBytes);
    const decompress = await loadDecompressor(this.#parameters.algorithm);
    try {
      return await decompress(compressed, size);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw this.#damaged(block, `it cannot be decompressed (${reason})`, thrown);
    }
  }

  async #checkHeader(signal: AbortSignal | undefined): Promise<void> {
    const { stored, onMismatch } = this.#file;
    const bytes = new Uint8Array(Math.min(HEADER_BYTES[this.#parameters.version], stored.size));
    await stored.read(bytes, 0, signal);
    if (this.#isHeaderChecked) return;
    this.#isHeaderChecked = true;
    const mismatch = compareHeader(bytes, this.#parameters, this.size);
    if (mismatch !== undefined) onMismatch(mismatch);
  }

  #damaged(block: number, what: string, cause?: unknown): IsodriveError {
    const source = this.#file.sourceName;
    return new IsodriveError(
      'damaged',
      `Cannot read zisofs block ${block} of a file of "${source}": ${what}`,
      {
        at: { source, clause: 'zisofs' },
        cause,
      },
    );
  }
}

function readPointer(cursor: ByteCursor, at: number, width: number): number {
  const low = cursor.u32le(at);
  return width === POINTER_BYTES[1] ? low : low + cursor.u32le(at + 4) * 0x1_0000_0000;
}
