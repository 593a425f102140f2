// Reads a file's bytes through the index: the slow, universal twin of what the addon does natively.
import { firstWhere } from '../base/binary-search.js';
import { IsodriveError } from '../base/error.js';
import { STREAM } from '../disc/read-plan.js';
import type { FileContent } from '../filesystem/contract/file-content.js';
import type { Extent } from '../filesystem/contract/file-tree.js';
import type { ByteSource } from '../source/byte-source.js';
import type { DiscIndex } from '../index/disc-index.js';

/** What extents are read from. */
export type Readable = Pick<ByteSource, 'name' | 'size' | 'read' | 'readCached'>;

/** What has the bytes of extents that are not the disc's data. */
export type StreamIndex = Pick<DiscIndex, 'table' | 'streams'>;

/** Extents, and for each the byte of the file behind its last: RowExtents, mostly. */
export interface EndedExtents {
  readonly length: number;
  at(i: number): Extent | undefined;
  end(i: number): number;
}

/** The stored bytes of one file, which are its content unless it has a coding. May be read concurrently. */
export class FileReader implements FileContent {
  readonly size: number;
  readonly #data: Readable;
  readonly #index: StreamIndex | undefined;
  readonly #extents: EndedExtents;

  /**
   * `data`: the disc's. The lengths of the extents need not reach `size`, what lacks reads as damaged. `index`: absent
   * where all extents are data.
   */
  constructor(data: Readable, extents: EndedExtents, size: number, index?: StreamIndex) {
    this.#data = data;
    this.#index = index;
    this.#extents = extents;
    this.size = size;
  }

  /**
   * Reads at byte `position` of the file into `target`; gives the bytes read, short only at the end of the file.
   * Rejects with `damaged` where the image ends before the file does, and as ByteSource.read does.
   */
  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    const wanted = Math.max(0, Math.min(target.length, this.size - position));
    let done = 0;
    for (let i = this.#find(position); done < wanted && i < this.#extents.length; i += 1) {
      const extent = this.#extents.at(i)!;
      const within = position + done - (this.#extents.end(i) - extent.length);
      const length = Math.min(wanted - done, extent.length - within);
      await this.#readRun(target.subarray(done, done + length), extent, within, signal);
      done += length;
    }
    if (done < wanted) this.#throwShort(position + done);
    return done;
  }

  /** As ByteSource.readCached; also false for bytes of several extents, which `read` puts together. */
  readCached(target: Uint8Array, position: number): boolean {
    const i = this.#find(position);
    const extent = this.#extents.at(i);
    if (extent?.offset === undefined || extent.stream === STREAM.blob) return false;
    const end = this.#extents.end(i);
    if (position + target.length > Math.min(this.size, end)) return false;
    const within = position - (end - extent.length);
    return this.#streamOf(extent).readCached?.(target, extent.offset + within) ?? false;
  }

  /** The extent that has a byte of the file. */
  #find(position: number): number {
    return firstWhere(this.#extents.length, (i) => this.#extents.end(i) > position);
  }

  async #readRun(target: Uint8Array, extent: Extent, within: number, signal?: AbortSignal): Promise<void> {
    if (extent.offset === undefined) {
      target.fill(0);
      return;
    }
    const place = extent.offset + within;
    if (extent.stream === STREAM.blob) {
      if (this.#index === undefined) throw new TypeError('No index holds the bytes of this file');
      target.set(this.#index.table.memory.blob.subarray(place, place + target.length));
      return;
    }
    const stream = this.#streamOf(extent);
    const got = await stream.read(target, place, signal);
    if (got < target.length) this.#throwShort(place + got, stream);
  }

  #streamOf({ stream = STREAM.data }: Extent): Readable {
    if (stream === STREAM.data) return this.#data;
    const found = this.#index?.streams.get(stream);
    if (found === undefined) throw new TypeError(`No index has stream ${stream} of this file`);
    return found;
  }

  #throwShort(offset: number, { size }: Readable = this.#data): never {
    const source = this.#data.name;
    throw new IsodriveError(
      'damaged',
      `Cannot read byte ${offset} of "${source}": image ends at byte ${size}, expected it to hold the whole file`,
      { at: { source, offset }, action: 'Fetch the image again: it is truncated' },
    );
  }
}
