// The files of an image that its map says were not read whole, for people who want to know what they have lost.
import { IsodriveError } from '../../base/error.js';
import { ExtentMap } from '../../image/extent-map.js';
import { openImage } from '../../image/open-image.js';
import type { ByteRange, RescueMap } from '../../source/rescue-map/rescue-map.js';

export interface NamedFile {
  /** From "/", for people. */
  readonly path: string;
  /** Bytes of the file. */
  readonly ranges: readonly ByteRange[];
}

/** Empty also when the image can be opened no more: then all of its files are affected, and none can be named. */
export async function nameFiles(
  path: string,
  map: RescueMap,
  size: number,
  signal?: AbortSignal,
): Promise<NamedFile[]> {
  try {
    await using image = await openImage(path, { map, signal });
    const extents = await ExtentMap.load(image, signal);
    return extents.filesIn(map.missing(size)).map((file) => ({ path: file.path, ranges: file.ranges }));
  } catch (thrown) {
    if (thrown instanceof IsodriveError && thrown.code !== 'cancelled' && thrown.code !== 'internal')
      return [];
    throw thrown;
  }
}
