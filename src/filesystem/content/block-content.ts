// The content of a file that is stored in blocks, each decoded by itself: what a read needs of them is found here, how
// one is decoded is the coding's. Decoded blocks are kept in a cache that all files of a mount share.
import { IsodriveError } from '../../base/error.js';
import type { BlockCache } from '../../codec/block-cache.js';
import { loadDecompressor } from '../../codec/decompress.js';
import type { Algorithm } from '../../codec/decompress.js';
import type { FileContent } from '../contract/file-content.js';

/** Blocks of one read that are decoded at a time, and their bytes where they are large. */
const MAX_CONCURRENT = 8;
const MAX_CONCURRENT_BYTES = 1_048_576;

/** What an index knows of a file that has a coding. */
export interface CodedFile {
  /** The file's stored bytes. */
  readonly stored: FileContent;
  /** Bytes of the content. */
  readonly size: number;
  /** 32 bits, as the coding's own file system gave them. */
  readonly parameters: number;
  /** Unlike that of any other file in the cache. */
  readonly name: string;
  readonly cache: BlockCache;
  /** For messages. */
  readonly sourceName: string;
}

export abstract class BlockContent<File extends CodedFile = CodedFile> implements FileContent {
  readonly size: number;
  protected readonly file: File;
  /** Bytes of every block's content but the last. */
  protected readonly blockBytes: number;
  /** For messages: "zisofs". */
  protected abstract readonly coding: string;

  constructor(file: File, blockBytes: number) {
    this.size = file.size;
    this.file = file;
    this.blockBytes = blockBytes;
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    const wanted = Math.max(0, Math.min(target.length, this.size - position));
    if (wanted === 0) return 0;
    await this.prepare(signal);
    const last = Math.floor((position + wanted - 1) / this.blockBytes);
    const fitting = Math.max(1, Math.floor(MAX_CONCURRENT_BYTES / this.blockBytes));
    const concurrent = Math.min(MAX_CONCURRENT, fitting);
    for (let block = Math.floor(position / this.blockBytes); block <= last; block += concurrent) {
      const count = Math.min(concurrent, last - block + 1);
      await Promise.all(
        Array.from({ length: count }, (_, i) =>
          this.#copyBlock(block + i, target.subarray(0, wanted), position, signal),
        ),
      );
    }
    return wanted;
  }

  /** Called before blocks are read; rejects as FileContent.read does. */
  protected abstract prepare(signal: AbortSignal | undefined): Promise<void>;

  /** All bytes of a block's content; undefined for zeros. Rejects as FileContent.read does. */
  protected abstract readBlock(
    block: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | undefined>;

  /** What `make` gives, from the cache when it is there. */
  protected keepBlock(
    name: number | string,
    make: () => Promise<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    return this.file.cache.get(`${this.file.name}:${name}`, make, signal);
  }

  /** A block's content from its compressed bytes; `damaged` unless it comes to exactly the size that it must have. */
  protected async decompress(
    block: number,
    compressed: Uint8Array,
    algorithm: Algorithm,
  ): Promise<Uint8Array> {
    const decompress = await loadDecompressor(algorithm);
    try {
      return await decompress(compressed, this.sizeOf(block));
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw this.damaged(block, `it cannot be decompressed (${reason})`, thrown);
    }
  }

  /** Bytes of a block's content. */
  protected sizeOf(block: number): number {
    return Math.min(this.blockBytes, this.size - block * this.blockBytes);
  }

  protected damaged(block: number, what: string, cause?: unknown): IsodriveError {
    const source = this.file.sourceName;
    return new IsodriveError(
      'damaged',
      `Cannot read ${this.coding} block ${block} of a file of "${source}": ${what}`,
      { at: { source, clause: this.coding }, cause },
    );
  }

  /** Copies what is wanted of a block; byte 0 of the target is byte `position` of the file. */
  async #copyBlock(
    block: number,
    target: Uint8Array,
    position: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const start = block * this.blockBytes;
    const from = Math.max(start, position);
    const to = Math.min(start + this.blockBytes, position + target.length);
    const bytes = await this.readBlock(block, signal);
    if (bytes === undefined) target.fill(0, from - position, to - position);
    else target.set(bytes.subarray(from - start, to - start), from - position);
  }
}
