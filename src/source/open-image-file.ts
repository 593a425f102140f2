// Opens the bytes of a local image or drive, with the map of what could not be read when the image was made.
import { stat } from 'node:fs/promises';
import type { ByteSource } from './byte-source.js';
import { DamagedSource } from './damaged-source.js';
import { FileSource } from './file-source.js';
import { findRescueMap } from './find-rescue-map.js';
import { DriveSource } from './optical/drive-source.js';
import type { DriveSourceOptions } from './optical/drive-source.js';
import { RescueMap } from './rescue-map.js';

export interface OpenedSource {
  readonly source: ByteSource;
  /** Says what of the image cannot be read; absent when all of it can. */
  readonly damage: RescueMap | undefined;
}

/**
 * `map`: the map itself, or the path of its file; where absent, one beside the image is looked for. Rejects as
 * FileSource.open, DriveSource.open and findRescueMap do. The caller disposes the source.
 */
export async function openImageFile(
  path: string,
  map?: RescueMap | string,
  signal?: AbortSignal,
  drive: DriveSourceOptions = {},
): Promise<OpenedSource> {
  const file = (await openDrive(path, drive)) ?? (await FileSource.open(path, signal));
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

/** Undefined for whatever is no optical drive; what is wrong with the path FileSource says. */
async function openDrive(path: string, options: DriveSourceOptions): Promise<DriveSource | undefined> {
  const isDevice = await stat(path).then(
    (found) => found.isBlockDevice(),
    () => false,
  );
  return isDevice ? DriveSource.open(path, options) : undefined;
}
