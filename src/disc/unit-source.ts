// Bytes that are stored in units of another source: a compressed image, or the cache file of one that is elsewhere.
import { BlockCache } from '../codec/block-cache.js';
import type { ByteSource, SourceUnits } from '../source/byte-source.js';
import { UnitReader } from '../codec/unit-reader.js';
import type { UnitContent, UnitFile } from '../codec/unit-reader.js';

/** Bytes of decoded units that are kept for JavaScript's own reading; native code has a cache of its own. */
const CACHE_BYTES = 4 * 1024 * 1024;

export interface UnitSourceParts extends Omit<UnitFile, 'name' | 'cache'> {
  /** What the units are stored in; taken. */
  readonly of: ByteSource;
}

export class UnitSource implements ByteSource, UnitContent {
  readonly name: string;
  readonly size: number;
  readonly unitBytes: number;
  readonly units: SourceUnits & { readonly of: ByteSource };
  readonly decodeUnits: UnitContent['decodeUnits'];
  readonly #reader: UnitReader;

  constructor({ of, size, unitBytes, decodeUnits }: UnitSourceParts) {
    this.name = of.name;
    this.size = size;
    this.unitBytes = unitBytes;
    this.decodeUnits = decodeUnits;
    this.units = { unitBytes, filler: 'script', of };
    const cache = new BlockCache(CACHE_BYTES);
    this.#reader = new UnitReader({ size, unitBytes, decodeUnits, cache, name: '' });
  }

  read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    return this.#reader.read(target, position, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.units.of[Symbol.asyncDispose]();
  }
}
