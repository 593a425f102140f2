// A stream that keeps recently read blocks of another in memory, within a budget of bytes. It is made for metadata:
// concurrent readers of one block share one read, sequential readers find the next blocks already there, and a bad
// sector spoils only the reads that need it. A block is never written to once it is filled.
import { LRUCache } from 'lru-cache';
import { isSystemError, IsodriveError } from '../base/error.js';
import { abortable, throwIfAborted } from '../base/abortable.js';
import type { DataStream } from './data-stream.js';

/** Bytes of a cached block; a multiple of every sector size. */
export const CACHE_BLOCK = 65_536;
/** Bytes that one image's cache may hold. Small, because a daemon has many images open. */
export const DEFAULT_CACHE_BYTES = 1_048_576;
/** Blocks fetched by one read when a reader goes through the image in order. */
const MAX_READ_AHEAD = 4;
/** Blocks remembered as damaged, so that their bad sectors are not read again for their neighbours' sake. */
const MAX_DAMAGED = 1024;

export class CachedStream implements DataStream {
  readonly name: string;
  readonly size: number;
  readonly #inner: DataStream;
  readonly #blocks: LRUCache<number, Uint8Array>;
  readonly #loading = new Map<number, Promise<Uint8Array>>();
  readonly #damaged = new Set<number>();
  /** Block after the last one fetched: a wish for it is sequential reading. */
  #next = -1;
  #window = 1;

  /** Does not own `inner`. `budget` in bytes, at least one block. */
  constructor(inner: DataStream, budget: number = DEFAULT_CACHE_BYTES) {
    this.#inner = inner;
    this.name = inner.name;
    this.size = inner.size;
    this.#blocks = new LRUCache({ max: Math.max(1, Math.floor(budget / CACHE_BLOCK)) });
  }

  /** Bytes held at the moment. */
  get cachedBytes(): number {
    return this.#blocks.size * CACHE_BLOCK;
  }

  /** Lets go of everything held. Reads under way are not disturbed. */
  clear(): void {
    this.#blocks.clear();
  }

  /** Cached bytes, which stay as they are; undefined when they are not in memory, or in two blocks of it. */
  peek(position: number, length: number): Uint8Array | undefined {
    const block = Math.floor(position / CACHE_BLOCK);
    const bytes = this.#blocks.get(block);
    if (bytes === undefined) return this.#peekInner(position, length);
    const start = position - block * CACHE_BLOCK;
    if (start + length > bytes.length) return undefined;
    return bytes.subarray(start, start + length);
  }

  /** What the kernel has in memory needs no block of ours: a few bytes are copied, not 64 KiB. */
  #peekInner(position: number, length: number): Uint8Array | undefined {
    if (this.#inner.readCached === undefined) return undefined;
    const bytes = new Uint8Array(length);
    return this.#inner.readCached(bytes, position) ? bytes : undefined;
  }

  /** From one of the blocks, or from what the kernel has, without a block for it. */
  readCached(target: Uint8Array, position: number): boolean {
    const block = Math.floor(position / CACHE_BLOCK);
    const start = position - block * CACHE_BLOCK;
    const bytes = this.#blocks.get(block)?.subarray(start, start + target.length);
    if (bytes?.length !== target.length) return this.#inner.readCached?.(target, position) ?? false;
    target.set(bytes);
    return true;
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    const wanted = Math.max(0, Math.min(target.length, this.size - position));
    for (let done = 0; done < wanted;) {
      throwIfAborted(signal);
      const at = position + done;
      const block = Math.floor(at / CACHE_BLOCK);
      const start = at - block * CACHE_BLOCK;
      const length = Math.min(wanted - done, CACHE_BLOCK - start);
      const part = target.subarray(done, done + length);
      const cached = this.#blocks.get(block);
      done += length;
      if (cached === undefined && this.#inner.readCached?.(part, at) === true) continue;
      const bytes = cached ?? (await this.#fetchOrBypass(block, part, at, signal));
      if (bytes !== undefined) part.set(bytes.subarray(start, start + length));
      this.#readAhead(block);
    }
    return wanted;
  }

  /** The block; or, when its medium is damaged somewhere, undefined with `part` filled from exactly its own bytes. */
  async #fetchOrBypass(
    block: number,
    part: Uint8Array,
    position: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | undefined> {
    if (!this.#damaged.has(block)) {
      try {
        return await abortable(this.#fetch(block), signal);
      } catch (thrown) {
        if (!isMediumFault(thrown)) throw thrown;
        if (this.#damaged.size < MAX_DAMAGED) this.#damaged.add(block);
      }
    }
    await this.#inner.read(part, position, signal);
    return undefined;
  }

  #fetch(block: number): Promise<Uint8Array> {
    const pending = this.#loading.get(block);
    if (pending !== undefined) return pending;
    this.#window = block === this.#next ? Math.min(this.#window * 2, MAX_READ_AHEAD) : 1;
    return this.#fetchRun(block, this.#window);
  }

  /** Starts to fetch what a sequential reader will want next, while the caller works on what it has. */
  #readAhead(block: number): void {
    if (block + 1 !== this.#next || this.#window === 1 || block + 1 >= this.#blockCount) return;
    if (this.#blocks.has(block + 1) || this.#loading.has(block + 1)) return;
    // Nobody waits for it: whoever needs the block meets the fault itself.
    this.#fetch(block + 1).catch(() => undefined);
  }

  get #blockCount(): number {
    return Math.ceil(this.size / CACHE_BLOCK);
  }

  /** Reads so many blocks with one call, less where some are there already; gives the first. */
  #fetchRun(first: number, count: number): Promise<Uint8Array> {
    let end = first + 1;
    while (
      end < Math.min(first + count, this.#blockCount) &&
      !this.#blocks.has(end) &&
      !this.#loading.has(end)
    ) {
      end += 1;
    }
    this.#next = end;
    const run = this.#readRun(first, end);
    for (let block = first; block < end; block += 1) {
      const one = run.then((blocks) => blocks[block - first]!).finally(() => this.#loading.delete(block));
      // Each block may have waiters of its own or none: a fault that none waits for is nobody's.
      one.catch(() => undefined);
      this.#loading.set(block, one);
    }
    return this.#loading.get(first)!;
  }

  async #readRun(first: number, end: number): Promise<Uint8Array[]> {
    const start = first * CACHE_BLOCK;
    const bytes = allocate(Math.min(end * CACHE_BLOCK, this.size) - start);
    const got = await this.#inner.read(bytes, start);
    if (got < bytes.length) bytes.fill(0, got);
    const blocks: Uint8Array[] = [];
    for (let block = first; block < end; block += 1) {
      const offset = (block - first) * CACHE_BLOCK;
      // Copies, so that one block kept does not keep its whole run in memory.
      const part = end - first === 1 ? bytes : copy(bytes.subarray(offset, offset + CACHE_BLOCK));
      this.#blocks.set(block, part);
      blocks.push(part);
    }
    return blocks;
  }

  /** Waits for reads under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#loading.values());
    this.#blocks.clear();
  }
}

/**
 * Memory that is not cleared first: all of it is read over. No Buffer, because code that
 * meets two kinds of arrays is compiled for neither.
 */
function allocate(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

function copy(bytes: Uint8Array): Uint8Array {
  const result = allocate(bytes.length);
  result.set(bytes);
  return result;
}

/** A bad place of the medium, or one that the image does not hold, beside which others are good. */
function isMediumFault(thrown: unknown): boolean {
  const isPlace = thrown instanceof IsodriveError && ['image-unreadable', 'damaged'].includes(thrown.code);
  return isPlace || isSystemError(thrown);
}
