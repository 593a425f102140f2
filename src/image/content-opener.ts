// Opens the content of file rows, whatever their coding: presenters and drivers read files through it and nothing else.
// One opener serves one index and shares what it decodes among all readers of a file.
import { LRUCache } from 'lru-cache';
import type { FileContent } from '../filesystem/contract/file-content.js';
import { CODINGS } from './codings.js';
import { BlockCache } from '../codec/block-cache.js';
import type { DiscIndex } from '../index/disc-index.js';
import { FileReader } from './file-reader.js';
import type { Readable } from './file-reader.js';
import { CODING, ROW } from '../index/layout.js';
import { readCoding } from '../index/node-record.js';
import { RowExtents } from '../index/row-extents.js';

/** Bytes of decoded blocks kept: what a few readers with the kernel's read-ahead need. */
const DEFAULT_CACHE_BYTES = 8 * 1024 * 1024;
/** Files whose extents and state are kept from read to read. */
const MAX_OPEN_FILES = 64;

export class ContentOpener {
  readonly #index: DiscIndex;
  readonly #data: Readable;
  readonly #cacheBytes: number;
  readonly #open = new LRUCache<number, FileContent>({ max: MAX_OPEN_FILES });
  #cache: BlockCache | undefined;

  /** Owns nothing. `data`: the disc's. */
  constructor(index: DiscIndex, data: Readable, cacheBytes = DEFAULT_CACHE_BYTES) {
    this.#index = index;
    this.#data = data;
    this.#cacheBytes = cacheBytes;
  }

  /** The content of a regular file's row. Reads nothing yet. */
  open(row: number): FileContent {
    let content = this.#open.get(row);
    if (content === undefined) {
      content = this.#create(row);
      this.#open.set(row, content);
    }
    return content;
  }

  #create(row: number): FileContent {
    const { table } = this.#index;
    const extents = new RowExtents(table, row);
    const size = table.wide(row, ROW.sizeLow);
    const { coding, parameters } = readCoding(table, row);
    if (coding === CODING.plain) return new FileReader(this.#data, extents, size, this.#index);
    const stored = new FileReader(this.#data, extents, extents.bytes, this.#index);
    this.#cache ??= new BlockCache(this.#cacheBytes);
    const file = {
      stored,
      size,
      parameters,
      name: String(row),
      cache: this.#cache,
      sourceName: this.#data.name,
      onMismatch: (what: string) => this.#reportMismatch(row, what),
    };
    const open = CODINGS.get(coding);
    if (open === undefined)
      throw new RangeError(`Found coding ${coding} in row ${row}, expected one of CODING`);
    return open(file);
  }

  #reportMismatch(row: number, what: string): void {
    const offset = new RowExtents(this.#index.table, row).at(0)?.offset;
    const at = { source: this.#data.name, clause: 'zisofs' };
    this.#index.findings.add({
      code: 'zisofs-mismatch',
      severity: 'warning',
      message: `Compressed file "${this.#index.path(row)}": ${what}, the field is used`,
      at: offset === undefined ? at : { ...at, offset },
    });
  }
}
