// Opens an image to be served as a drive: its bytes, less those that its map says are missing, and its disc, without
// looking for file systems.
import { openDisc } from '../container/open-container.js';
import type { VolumeMarks } from '../container/volume-marks.js';
import { IsodriveError } from '../base/error.js';
import { SECTOR_SIZE } from '../disc/data-stream.js';
import type { Disc, Track } from '../disc/disc.js';
import { PlanStream } from '../disc/plan-stream.js';
import { openImageFile } from '../source/open-image-file.js';

/** Disposing closes the files. */
export interface DriveImage extends AsyncDisposable {
  readonly path: string;
  readonly disc: Disc;
  /** Sectors are missing, and read as errors. */
  readonly isDamaged: boolean;
  /**
   * User data of the disc, in sectors of 2048 bytes, to the end of its last data track. Undefined where all tracks are
   * sound.
   */
  readonly userData: PlanStream | undefined;
  readonly hasSound: boolean;
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
    if (tracksOf(disc).length === 0) {
      throw new IsodriveError(
        'unsupported',
        `Cannot serve "${path}": disc has no track, expected at least one`,
      );
    }
    return {
      path,
      disc,
      isDamaged: damage !== undefined,
      userData: findUserData(disc),
      hasSound: tracksOf(disc).some(({ mode }) => mode === 'audio'),
      [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
    };
  } catch (thrown) {
    await files[Symbol.asyncDispose]();
    throw thrown;
  }
}

function tracksOf({ sessions }: Disc): readonly Track[] {
  return sessions.flatMap(({ tracks }) => tracks);
}

function findUserData(disc: Disc): PlanStream | undefined {
  const tracks = tracksOf(disc);
  const last = tracks.findLast(({ mode }) => mode !== 'audio');
  if (last === undefined || last === tracks.at(-1)) return last === undefined ? undefined : disc.data;
  const end = (last.start + last.length) * SECTOR_SIZE;
  const { name, segments, bases } = disc.data;
  return new PlanStream(
    name,
    segments.filter(({ start }) => start < end),
    bases,
  );
}

/**
 * The user data of an image that is served by blocks, which sound has none of. Throws `unsupported` where there are
 * none.
 */
export function requireUserData({ path, userData }: DriveImage): PlanStream {
  if (userData !== undefined) return userData;
  const found = `Cannot serve "${path}" as blocks: all of its tracks are sound, expected a data track`;
  throw new IsodriveError('unsupported', found, { action: 'Serve it with --iscsi: that is a whole drive' });
}
