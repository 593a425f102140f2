// The content of a file that is stored in blocks, each compressed by itself: the bytes of blocks that follow each other are
// read and decompressed at a time. Where a block lies, and what marks one that is stored as it is, is the coding's.
import { countBytes } from '../base/byte-count.js';
import { IsodriveError } from '../base/error.js';
import type { BlockCache } from '../source/block-cache.js';
import { decompressAll } from '../source/decompress/decompress.js';
import type { Algorithm } from '../source/decompress/decompress.js';
import { UnitReader } from '../source/unit-reader.js';
import type { DecodedUnit } from '../source/unit-reader.js';
import type { FileContent } from './file-content.js';

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

/** Where a block lies in the stored bytes. */
export interface BlockPlace {
  readonly start: number;
  readonly length: number;
}

/** What is stored of a block: to be decompressed, or, without an algorithm, its very bytes. */
export interface StoredBlock {
  readonly bytes: Uint8Array;
  readonly algorithm: Algorithm | undefined;
}

/** A block whose stored bytes are known. */
interface ReadBlock extends StoredBlock {
  readonly block: number;
}

export abstract class BlockContent<File extends CodedFile = CodedFile> implements FileContent {
  readonly size: number;
  protected readonly file: File;
  /** Bytes of every block's content but the last. */
  protected readonly blockBytes: number;
  /** For messages: "zisofs". */
  protected abstract readonly coding: string;
  readonly #units: UnitReader;

  constructor(file: File, blockBytes: number) {
    const { size, name, cache } = file;
    this.size = size;
    this.file = file;
    this.blockBytes = blockBytes;
    const decode = this.#decode.bind(this);
    this.#units = new UnitReader({ size, unitBytes: blockBytes, name, cache, decode });
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    if (target.length === 0 || position >= this.size) return 0;
    await this.prepare(signal);
    return this.#units.read(target, position, signal);
  }

  /** Called before blocks are read; rejects as FileContent.read does. */
  protected abstract prepare(signal: AbortSignal | undefined): Promise<void>;

  /** Where a block is stored; undefined for one of zeros, of which nothing is. Rejects as FileContent.read does. */
  protected abstract locate(block: number): Promise<BlockPlace | undefined>;

  /** What of a block's stored bytes is to be decompressed, and how. */
  protected abstract unwrap(bytes: Uint8Array): StoredBlock;

  /** What `make` gives, from the cache when it is there. */
  protected keep(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    return this.file.cache.get(`${this.file.name}:${name}`, make);
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

  async #decode(first: number, count: number): Promise<readonly DecodedUnit[]> {
    const places = await Promise.all(
      Array.from({ length: count }, (_, i) => this.locate(first + i).catch(toError)),
    );
    const result: DecodedUnit[] = places.map((place) => (place instanceof Error ? place : undefined));
    const blocks: ReadBlock[] = [];
    for (const [i, bytes] of (await this.#readStored(places)).entries()) {
      if (bytes instanceof Error) result[i] = bytes;
      else if (bytes !== undefined) blocks.push({ block: first + i, ...this.unwrap(bytes) });
    }
    for (const [i, content] of (await this.#unpackAll(blocks)).entries()) {
      result[blocks[i]!.block - first] = content;
    }
    return result;
  }

  /** The stored bytes of blocks: by one read where they follow each other, as they mostly do. */
  async #readStored(places: readonly (BlockPlace | Error | undefined)[]): Promise<readonly DecodedUnit[]> {
    const known = places.filter(
      (place): place is BlockPlace => !(place instanceof Error) && place !== undefined,
    );
    const start = known[0]?.start ?? 0;
    let end = start;
    const areTogether = known.every((place) => {
      const follows = place.start === end;
      end = place.start + place.length;
      return follows;
    });
    const whole = areTogether ? await this.#readAt(start, end - start) : undefined;
    return Promise.all(
      places.map((place) => {
        if (place === undefined || place instanceof Error) return undefined;
        const from = place.start - start;
        if (whole instanceof Uint8Array) return whole.subarray(from, from + place.length);
        // Some of them cannot be read: each tells by itself.
        return this.#readAt(place.start, place.length);
      }),
    );
  }

  async #readAt(start: number, length: number): Promise<Uint8Array | Error> {
    const bytes = new Uint8Array(length);
    try {
      await this.file.stored.read(bytes, start);
      return bytes;
    } catch (thrown) {
      return toError(thrown);
    }
  }

  /** Contents of blocks; `damaged` for each that does not come to exactly the size that it must have. */
  async #unpackAll(blocks: readonly ReadBlock[]): Promise<readonly (Uint8Array | Error)[]> {
    const packed = blocks.filter(({ algorithm }) => algorithm !== undefined);
    const algorithm = packed[0]?.algorithm;
    const parts = packed.map(({ block, bytes }) => ({ bytes, size: this.sizeOf(block) }));
    const unpacked = algorithm === undefined ? [] : await decompressAll(algorithm, parts);
    let next = 0;
    return blocks.map((one) => {
      if (one.algorithm === undefined) return this.#checkStored(one);
      const content = unpacked[next]!;
      next += 1;
      if (!(content instanceof Error)) return content;
      return this.damaged(one.block, `it cannot be decompressed (${content.message})`, content);
    });
  }

  #checkStored({ block, bytes }: ReadBlock): Uint8Array | Error {
    const expected = this.sizeOf(block);
    if (bytes.length === expected) return bytes;
    return this.damaged(block, `it is stored in ${countBytes(bytes.length)}, expected ${expected}`);
  }
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
