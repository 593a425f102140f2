// The content of a file that is stored in blocks, each compressed by itself: the bytes of blocks that follow each
// other are read and decompressed at a time. Where a block lies, and what marks one that is stored as it is, is the
// coding's.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import type { BlockCache } from '../../codec/block-cache.js';
import type { ByteSource } from '../../source/byte-source.js';
import { decompressAll } from '../../codec/decompress.js';
import type { Algorithm } from '../../codec/decompress.js';
import type { PackedBlock } from '../../codec/decompressor.js';
import { UnitReader } from '../../codec/unit-reader.js';
import type { UnitContent } from '../../codec/unit-reader.js';
import type { FileContent } from '../contract/file-content.js';

/** What an index knows of a file that has a coding. */
export interface CodedFile {
  /** The file's stored bytes, which are read at once where they are in memory. */
  readonly stored: FileContent & Pick<ByteSource, 'readCached'>;
  /** Bytes of the content. */
  readonly size: number;
  /** 32 bits, as the coding's own file system gave them. */
  readonly parameters: number;
  /** Unlike that of any other file in the cache. */
  readonly name: string;
  readonly cache: BlockCache;
  /** For messages. */
  readonly sourceName: string;
  /** Told once what the stored bytes say against what the index knows. */
  readonly onMismatch: (what: string) => void;
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

/** A block to be decompressed, by its number in a run. */
interface PackedUnit extends PackedBlock {
  readonly i: number;
  readonly algorithm: Algorithm;
}

export abstract class BlockContent implements FileContent, UnitContent {
  readonly size: number;
  readonly unitBytes: number;
  protected readonly file: CodedFile;
  /** For messages: "zisofs". */
  protected abstract readonly coding: string;
  readonly #units: UnitReader;

  constructor(file: CodedFile, blockBytes: number) {
    const { size, name, cache } = file;
    this.size = size;
    this.file = file;
    this.unitBytes = blockBytes;
    const decodeUnits = this.#decode.bind(this);
    this.#units = new UnitReader({ size, unitBytes: blockBytes, name, cache, decodeUnits });
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    if (target.length === 0 || position >= this.size) return 0;
    await this.prepare(signal);
    return this.#units.read(target, position, signal);
  }

  async decodeUnits(
    first: number,
    count: number,
    target: Uint8Array,
  ): Promise<readonly (Error | undefined)[]> {
    await this.prepare(undefined);
    return this.#decode(first, count, target);
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
    return Math.min(this.unitBytes, this.size - block * this.unitBytes);
  }

  protected damaged(block: number, what: string, cause?: unknown): IsodriveError {
    const source = this.file.sourceName;
    return new IsodriveError(
      'damaged',
      `Cannot read ${this.coding} block ${block} of a file of "${source}": ${what}`,
      { at: { source, clause: this.coding }, cause },
    );
  }

  async #decode(first: number, count: number, target: Uint8Array): Promise<readonly (Error | undefined)[]> {
    const places = await Promise.all(
      Array.from({ length: count }, (_, i) => this.locate(first + i).catch(toError)),
    );
    const result: (Error | undefined)[] = places.map((place) => (place instanceof Error ? place : undefined));
    const packed: PackedUnit[] = [];
    for (const [i, bytes] of (await this.#readStored(places)).entries()) {
      const block = first + i;
      const content = target.subarray(i * this.unitBytes, i * this.unitBytes + this.sizeOf(block));
      if (bytes instanceof Error) result[i] = bytes;
      else if (bytes !== undefined) {
        const { bytes: inner, algorithm } = this.unwrap(bytes);
        if (algorithm === undefined) result[i] = this.#copyStored(block, inner, content);
        else packed.push({ i, algorithm, bytes: inner, target: content });
      } else if (places[i] === undefined) content.fill(0);
    }
    const [one] = packed;
    const errors = one === undefined ? [] : await decompressAll(one.algorithm, packed);
    for (const [j, { i }] of packed.entries()) {
      const error = errors[j];
      if (error === undefined) continue;
      result[i] = this.damaged(first + i, `it cannot be decompressed (${error.message})`, error);
    }
    return result;
  }

  /** The stored bytes of blocks: by one read where they follow each other, as they mostly do. */
  async #readStored(
    places: readonly (BlockPlace | Error | undefined)[],
  ): Promise<readonly (Uint8Array | Error | undefined)[]> {
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
      places.map(async (place) => {
        if (place === undefined || place instanceof Error) return undefined;
        const from = place.start - start;
        if (whole instanceof Uint8Array) return whole.subarray(from, from + place.length);
        // Some of them cannot be read: each tells by itself.
        return this.#readAt(place.start, place.length);
      }),
    );
  }

  async #readAt(start: number, length: number): Promise<Uint8Array | Error> {
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    if (this.file.stored.readCached?.(bytes, start) === true) return bytes;
    try {
      await this.file.stored.read(bytes, start);
      return bytes;
    } catch (thrown) {
      return toError(thrown);
    }
  }

  #copyStored(block: number, bytes: Uint8Array, target: Uint8Array): Error | undefined {
    if (bytes.length !== target.length) {
      return this.damaged(block, `it is stored in ${countBytes(bytes.length)}, expected ${target.length}`);
    }
    target.set(bytes);
    return undefined;
  }
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
