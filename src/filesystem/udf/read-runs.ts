// Reads bytes of a file by its runs: directories, link targets and attributes, while a tree is listed.
import type { DataStream } from '../../disc/data-stream.js';
import type { Extent } from '../contract/file-tree.js';

/**
 * Fills `target` with the bytes from `position` on; gives the number read, short where the runs or the image end.
 * Rejects as ByteSource.read does.
 */
export async function readRuns(
  reader: DataStream,
  runs: Iterable<Extent>,
  position: number,
  target: Uint8Array,
  signal?: AbortSignal,
): Promise<number> {
  let done = 0;
  let start = 0;
  for (const { offset, length } of runs) {
    if (done >= target.length) break;
    const within = position + done - start;
    start += length;
    if (within >= length) continue;
    const part = target.subarray(done, done + Math.min(target.length - done, length - within));
    if (offset === undefined) part.fill(0);
    else {
      const got = await reader.read(part, offset + within, signal);
      if (got < part.length) return done + got;
    }
    done += part.length;
  }
  return done;
}
