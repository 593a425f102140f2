// Reads of a drive's image, where most bytes are in the kernel's page cache: those are copied at once, since the way
// through a thread of the pool costs more than the copy.
import type { DataStream } from '../disc/data-stream.js';

/** Bytes that are copied at once; more would keep other connections waiting. */
const MAX_AT_ONCE = 1024 * 1024;

/** As DataStream.read, to which it leaves everything that is not in memory. */
export async function readSectors(
  reader: DataStream,
  target: Uint8Array,
  position: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const isAborted = signal?.aborted === true;
  if (!isAborted && target.length <= MAX_AT_ONCE && reader.readCached?.(target, position) === true) {
    return target.length;
  }
  return reader.read(target, position, signal);
}
