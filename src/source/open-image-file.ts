// Opens the bytes of a local image or drive, with the map of what could not be read when the image was made.
import type { ByteSource } from './byte-source.js';
import { DamagedSource } from './damaged-source.js';
import { FileSource } from './file-source.js';
import { findRescueMap } from './find-rescue-map.js';
import { RescueMap } from './rescue-map.js';

export interface OpenedSource {
  readonly source: ByteSource;
  /** Says what of the image cannot be read; absent when all of it can. */
  readonly damage: RescueMap | undefined;
}

/**
 * `map`: the map itself, or the path of its file; where absent, one beside the image is looked for. Rejects as
 * FileSource.open and findRescueMap do. The caller disposes the source.
 */
export async function openImageFile(
  path: string,
  map?: RescueMap | string,
  signal?: AbortSignal,
): Promise<OpenedSource> {
  const file = await FileSource.open(path, signal);
  try {
    const found = map instanceof RescueMap ? map : (await findRescueMap(path, file.size, map))?.map;
    const isWhole = found?.isRescued(0, file.size) ?? true;
    if (found === undefined || isWhole) return { source: file, damage: undefined };
    return { source: new DamagedSource(file, found), damage: found };
  } catch (thrown) {
    await file[Symbol.asyncDispose]();
    throw thrown;
  }
}
