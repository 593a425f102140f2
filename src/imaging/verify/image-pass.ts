// One pass over an image for everybody who wants bytes of it: each is given its own range, in order, while the next
// read is under way. What nobody wants is not read.
import { SECTOR_SIZE } from '../../disc/sector-reader.js';
import { throwIfAborted } from '../../source/abortable.js';
import type { ByteSource } from '../../source/byte-source.js';
import type { ByteRange } from '../../source/rescue-map.js';
import { tryToRead } from '../create/medium-fault.js';

/** Bytes of a read. */
const CHUNK_BYTES = 1_048_576;

export interface PassConsumer {
  /** First byte of the image that is wanted. */
  readonly start: number;
  /** Byte behind the last; what lies beyond the end of the image never comes. */
  readonly end: number;
  /** Takes bytes that follow those of the last call; they may be changed once it returns. */
  update(bytes: Uint8Array): void;
  /** Bytes of the range that cannot be read: they are left out. */
  fail(range: ByteRange): void;
}

export interface PassOptions {
  readonly onProgress?: ((bytesDone: number, bytesTotal: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Rejects with `cancelled`, `image-changed`, or `image-unreadable` when the source is gone altogether. */
export async function runPass(
  source: ByteSource,
  consumers: readonly PassConsumer[],
  { onProgress, signal }: PassOptions = {},
): Promise<void> {
  const chunks = planChunks(consumers, source.size);
  const total = chunks.reduce((sum, { size }) => sum + size, 0);
  const buffers = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)] as const;
  const waiting = [...consumers].sort((a, b) => b.start - a.start);
  let active: PassConsumer[] = [];
  let done = 0;
  const read = (i: number): Promise<boolean> | undefined => {
    const chunk = chunks[i];
    if (chunk === undefined) return undefined;
    const reading = tryToRead(source, buffers[i % 2]!.subarray(0, chunk.size), chunk.position, signal);
    // Awaited one turn later; a failure in between must not count as unhandled.
    reading.catch(() => undefined);
    return reading;
  };
  let reading = read(0);
  for (const [i, chunk] of chunks.entries()) {
    throwIfAborted(signal);
    const isRead = await reading;
    reading = read(i + 1);
    const end = chunk.position + chunk.size;
    while (waiting.length > 0 && waiting.at(-1)!.start < end) active.push(waiting.pop()!);
    active = active.filter((consumer) => consumer.end > chunk.position);
    const bytes = buffers[i % 2]!.subarray(0, chunk.size);
    if (isRead === true) deliver(active, chunk.position, bytes);
    else await deliverSectors(source, active, chunk, bytes, signal);
    done += chunk.size;
    onProgress?.(done, total);
  }
}

function deliver(consumers: readonly PassConsumer[], position: number, bytes: Uint8Array): void {
  for (const consumer of consumers) {
    const from = Math.max(0, consumer.start - position);
    const to = Math.min(bytes.length, consumer.end - position);
    if (from < to) consumer.update(bytes.subarray(from, to));
  }
}

async function deliverSectors(
  source: ByteSource,
  consumers: readonly PassConsumer[],
  chunk: ByteRange,
  buffer: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const end = chunk.position + chunk.size;
  for (let position = chunk.position; position < end;) {
    const next = Math.min((Math.floor(position / SECTOR_SIZE) + 1) * SECTOR_SIZE, end);
    const bytes = buffer.subarray(0, next - position);
    if (await tryToRead(source, bytes, position, signal)) deliver(consumers, position, bytes);
    else {
      for (const consumer of consumers) {
        const from = Math.max(position, consumer.start);
        const size = Math.min(next, consumer.end) - from;
        if (size > 0) consumer.fail({ position: from, size });
      }
    }
    position = next;
  }
}

/** The union of all ranges, in order, cut into reads. */
function planChunks(consumers: readonly PassConsumer[], size: number): ByteRange[] {
  const chunks: ByteRange[] = [];
  let position = 0;
  for (const { start, end } of [...consumers].sort((a, b) => a.start - b.start)) {
    position = Math.max(position, start);
    for (const stop = Math.min(end, size); position < stop;) {
      const length = Math.min(CHUNK_BYTES, stop - position);
      chunks.push({ position, size: length });
      position += length;
    }
  }
  return chunks;
}
