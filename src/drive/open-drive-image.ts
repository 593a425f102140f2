// Opens an image to be served as a drive: its bytes, less those that its map says are missing, and its disc, without
// looking for file systems.
import { openDisc } from '../container/open-container.js';
import type { VolumeMarks } from '../container/volume-marks.js';
import { IsodriveError } from '../base/error.js';
import type { Disc } from '../disc/disc.js';
import type { PlanStream } from '../disc/plan-stream.js';
import { openImageFile } from '../source/open-image-file.js';

/** Disposing closes the files. */
export interface DriveImage extends AsyncDisposable {
  readonly path: string;
  readonly disc: Disc;
  /** Sectors are missing, and read as errors. */
  readonly isDamaged: boolean;
  /** User data of the disc, in sectors of 2048 bytes. */
  readonly userData: PlanStream;
}

/**
 * What the map beside an image calls bad cannot be read. Rejects as openImageFile and openDisc do; nothing stays open
 * then.
 */
export async function openDriveImage(
  path: string,
  marks: VolumeMarks,
  signal?: AbortSignal,
): Promise<DriveImage> {
  const { files, damage } = await openImageFile(path, undefined, signal);
  try {
    const { disc } = await openDisc(files, marks, signal);
    if (disc.sessions.every(({ tracks }) => tracks.length === 0)) {
      throw new IsodriveError(
        'unsupported',
        `Cannot serve "${path}": disc has no track, expected a data track`,
      );
    }
    return {
      path,
      disc,
      isDamaged: damage !== undefined,
      userData: disc.data,
      [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
    };
  } catch (thrown) {
    await files[Symbol.asyncDispose]();
    throw thrown;
  }
}
