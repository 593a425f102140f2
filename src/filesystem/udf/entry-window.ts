// File entries of a directory's files in memory: neighbours on the disc are read together, so that listing a directory
// takes a few reads and not one for each of its entries.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { DataStream } from '../../disc/data-stream.js';

/** Bytes read together. */
const WINDOW_BYTES = 65_536;
/** Bytes read with a directory's entry: identifiers of about a hundred files. */
const DIRECTORY_BYTES = 8192;
/** Bytes between two wanted blocks that are read along with them. */
const MAX_GAP = 8192;

export class EntryWindow {
  readonly #reader: DataStream;
  readonly #blockSize: number;
  #bytes = new Uint8Array(0);
  #start = 0;
  #length = 0;

  constructor(reader: DataStream, blockSize: number) {
    this.#reader = reader;
    this.#blockSize = blockSize;
  }

  /** Whether the block at a byte position is loaded. */
  has(position: number): boolean {
    return position >= this.#start && position + this.#blockSize <= this.#start + this.#length;
  }

  /** Puts a cursor on a loaded block; it is valid until the next `load`. */
  place(cursor: ByteCursor, position: number): void {
    cursor.setBytes(this.#bytes, this.#start);
    cursor.moveTo(position - this.#start, this.#blockSize);
  }

  /**
   * Loads the block at `positions[order[index]]`, and those of the next ones, of `count` in all, that stand close
   * behind it; positions are in ascending order. Gives undefined when that is done because the bytes were in memory;
   * else waits, and rejects as ByteSource.read does, with nothing loaded.
   */
  load(
    positions: ArrayLike<number>,
    order: ArrayLike<number> | undefined,
    index: number,
    count: number,
    signal: AbortSignal | undefined,
  ): Promise<void> | undefined {
    const start = positions[order?.[index] ?? index]!;
    let end = start + this.#blockSize;
    for (let next = index + 1; next < count; next += 1) {
      const position = positions[order?.[next] ?? next]!;
      if (position - end > MAX_GAP || position + this.#blockSize - start > WINDOW_BYTES) break;
      end = Math.max(end, position + this.#blockSize);
    }
    return this.#read(start, end - start, signal);
  }

  /** Loads the block of a directory's entry, and what stands behind it: mostly its identifiers. As `load`. */
  loadDirectory(position: number, signal: AbortSignal | undefined): Promise<void> | undefined {
    return this.#read(position, DIRECTORY_BYTES, signal);
  }

  /** Fills `target` with the bytes at a byte position; false, with nothing done, where they are not loaded. */
  copy(position: number, target: Uint8Array): boolean {
    const offset = position - this.#start;
    if (offset < 0 || offset + target.length > this.#length) return false;
    target.set(this.#bytes.subarray(offset, offset + target.length));
    return true;
  }

  #read(start: number, length: number, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(WINDOW_BYTES);
    const target = this.#bytes.subarray(0, length);
    this.#start = start;
    this.#length = 0;
    if (this.#reader.readCached?.(target, start) === true) {
      this.#length = length;
      return undefined;
    }
    return this.#reader.read(target, start, signal).then((got) => {
      this.#length = got;
    });
  }
}
