// Reads of a few bytes each, as of the headers of blocks all over a file: what the kernel has in memory costs no wait.
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost } from '../../source/read-fully.js';

/** As readAtMost. */
export async function readNear(
  source: ByteSource,
  position: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, source.size - position)));
  if (source.readCached?.(bytes, position) === true) return bytes;
  return readAtMost(source, position, length, signal);
}
