// One pass over an image for everybody who wants bytes of it: each is given its own range, in order, while the next
// read is under way. What nobody wants is not read, but for small gaps.
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { throwIfAborted } from '../../base/abortable.js';
import type { ByteSource } from '../../source/byte-source.js';

/** What is read in a pass. */
export type Readable = Pick<ByteSource, 'name' | 'size' | 'read'>;

import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import { tryToRead } from '../create/medium-fault.js';
import { SLOT_BYTES } from '../hash/hasher.js';
import type { HashPart, HashSlot, Hasher } from '../hash/hasher.js';
import { startHasher } from '../hash/start-hasher.js';
import { RangeHash } from './range-hash.js';

/**
 * Bytes that are read along rather than started behind: the space behind a file, or a small file that is in no
 * list.
 */
const MAX_GAP = 65_536;

/** Whoever looks at the bytes itself. */
export interface PassReader {
  /** First byte of the image that is wanted. */
  readonly start: number;
  /** Byte behind the last; what lies beyond the end of the image never comes. */
  readonly end: number;
  /** Takes bytes that follow those of the last call; they may be changed once it returns. */
  update(bytes: Uint8Array): void;
  /** Bytes of the range that cannot be read: they are left out. */
  fail(range: ByteRange): void;
}

export type PassConsumer = PassReader | RangeHash;

export interface PassOptions {
  readonly onProgress?: ((bytesDone: number, bytesTotal: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Rejects with `cancelled`, `image-changed`, or `image-unreadable` when the source is gone altogether. */
export async function runPass(
  source: Readable,
  consumers: readonly PassConsumer[],
  options: PassOptions = {},
): Promise<void> {
  const hashes = consumers.filter((consumer) => consumer instanceof RangeHash);
  const jobs = hashes.map(({ algorithm, start, end }) => ({ algorithm, size: end - start }));
  await using hasher = startHasher(jobs);
  await new Pass(source, consumers, hashes, hasher, options).run();
  for (const [job, digest] of (await hasher.finish()).entries()) hashes[job]!.settle(digest);
}

class Pass {
  readonly #source: Readable;
  readonly #hasher: Hasher;
  readonly #options: PassOptions;
  readonly #chunks: readonly ByteRange[];
  readonly #jobs: ReadonlyMap<PassConsumer, number>;
  /** Those whose range has not begun, the next one last. */
  readonly #waiting: PassConsumer[];
  #active: PassConsumer[] = [];

  constructor(
    source: Readable,
    consumers: readonly PassConsumer[],
    hashes: readonly RangeHash[],
    hasher: Hasher,
    options: PassOptions,
  ) {
    this.#source = source;
    this.#hasher = hasher;
    this.#options = options;
    this.#chunks = planChunks(consumers, source.size);
    this.#jobs = new Map(hashes.map((hash, job) => [hash, job]));
    this.#waiting = [...consumers].sort((a, b) => b.start - a.start);
  }

  async run(): Promise<void> {
    const { onProgress, signal } = this.#options;
    const total = this.#chunks.reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    let reading = this.#read(0);
    for (const [i, chunk] of this.#chunks.entries()) {
      throwIfAborted(signal);
      const { slot, isRead } = (await reading)!;
      reading = this.#read(i + 1);
      this.#activate(chunk);
      const parts: HashPart[] = [];
      if (isRead) this.#deliver(chunk, chunk, slot.bytes, parts);
      else await this.#deliverSectors(chunk, slot.bytes, parts);
      this.#hasher.send(slot, parts);
      done += chunk.size;
      onProgress?.(done, total);
    }
  }

  #read(i: number): Promise<{ slot: HashSlot; isRead: boolean }> | undefined {
    const chunk = this.#chunks[i];
    if (chunk === undefined) return undefined;
    const reading = this.#fillSlot(chunk);
    // Awaited one turn later; a failure in between must not count as unhandled.
    reading.catch(() => undefined);
    return reading;
  }

  async #fillSlot({ position, size }: ByteRange): Promise<{ slot: HashSlot; isRead: boolean }> {
    const slot = await this.#hasher.take();
    const target = slot.bytes.subarray(0, size);
    return { slot, isRead: await tryToRead(this.#source, target, position, this.#options.signal) };
  }

  #activate({ position, size }: ByteRange): void {
    while (this.#waiting.length > 0 && this.#waiting.at(-1)!.start < position + size)
      this.#active.push(this.#waiting.pop()!);
    this.#active = this.#active.filter((consumer) => consumer.end > position);
  }

  /** `range` of `chunk` has been read into the slot's bytes, at its own place. */
  #deliver(range: ByteRange, chunk: ByteRange, bytes: Uint8Array, parts: HashPart[]): void {
    for (const consumer of this.#active) {
      const from = Math.max(range.position, consumer.start) - chunk.position;
      const to = Math.min(range.position + range.size, consumer.end) - chunk.position;
      if (from >= to) continue;
      if (consumer instanceof RangeHash) {
        consumer.count(to - from);
        parts.push({ job: this.#jobs.get(consumer)!, from, to });
      } else consumer.update(bytes.subarray(from, to));
    }
  }

  async #deliverSectors(chunk: ByteRange, bytes: Uint8Array, parts: HashPart[]): Promise<void> {
    const end = chunk.position + chunk.size;
    for (let position = chunk.position; position < end;) {
      const next = Math.min((Math.floor(position / SECTOR_SIZE) + 1) * SECTOR_SIZE, end);
      const range = { position, size: next - position };
      const target = bytes.subarray(position - chunk.position, next - chunk.position);
      if (await tryToRead(this.#source, target, position, this.#options.signal))
        this.#deliver(range, chunk, bytes, parts);
      else this.#tellUnreadable(range);
      position = next;
    }
  }

  #tellUnreadable(range: ByteRange): void {
    for (const consumer of this.#active) {
      const position = Math.max(range.position, consumer.start);
      const size = Math.min(range.position + range.size, consumer.end) - position;
      if (size > 0) consumer.fail({ position, size });
    }
  }
}

/** The union of all ranges and of small gaps between them, in order, cut into reads. */
function planChunks(consumers: readonly PassConsumer[], size: number): ByteRange[] {
  const chunks: ByteRange[] = [];
  const runs: { start: number; end: number }[] = [];
  for (const consumer of [...consumers].sort((a, b) => a.start - b.start)) {
    const [start, end] = [consumer.start, Math.min(consumer.end, size)];
    if (start >= end) continue;
    const last = runs.at(-1);
    if (last !== undefined && start <= last.end + MAX_GAP) last.end = Math.max(last.end, end);
    else runs.push({ start, end });
  }
  for (const { start, end } of runs) {
    for (let position = start; position < end; position += SLOT_BYTES)
      chunks.push({ position, size: Math.min(SLOT_BYTES, end - position) });
  }
  return chunks;
}
