// Where the bytes of a file lie in the image: its extents, cut where the stream that they are in is not one run of it.
import type { PlanStream } from '../disc/plan-stream.js';
import { isOnDisc } from '../filesystem/contract/file-tree.js';
import type { Extent } from '../filesystem/contract/file-tree.js';

export interface PlacedRun {
  /** Byte offset in the file. */
  readonly fileOffset: number;
  /** Byte offset in the image. */
  readonly place: number;
  readonly length: number;
}

/** `extents`: all of a file, in order; those that are not on the disc are passed over. `data`: the disc's. */
export function* placeRuns(extents: Iterable<Extent>, data: PlanStream): Iterable<PlacedRun> {
  let start = 0;
  for (const extent of extents) {
    const fileOffset = start;
    start += extent.length;
    if (!isOnDisc(extent)) continue;
    for (const { within, place, length } of data.runsOf(extent.offset, extent.length))
      yield { fileOffset: fileOffset + within, place, length };
  }
}
