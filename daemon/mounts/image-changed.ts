// What to say to those who want to mount a file that was changed since it was mounted.
import { countBytes } from '../../src/base/byte-count.js';
import { IsodriveError } from '../../src/base/error.js';
import type { ChangedFile, ImageIdentity } from '../reader/image-identity.js';
import type { MountedImage } from './mounted-image.js';

/** `now`: of the image itself. */
export function imageChanged(
  path: string,
  mount: MountedImage,
  now: ImageIdentity,
  { name, state }: ChangedFile,
): IsodriveError {
  const found =
    name === undefined
      ? `it has ${countBytes(now.size)}, modified ${formatTime(now.modified)}, ` +
        `expected ${countBytes(mount.identity.size)}, modified ${formatTime(mount.identity.modified)}`
      : `its file "${name}" is ${state}, expected it as it was mounted`;
  return new IsodriveError(
    'image-changed',
    `Image "${path}" has changed since it was mounted as ${mount.id} at "${mount.active.directory}": ${found}`,
    { action: `Run isodrive unmount ${mount.id}, then mount it again, or use --new` },
  );
}

function formatTime(nanoseconds: bigint): string {
  return new Date(Number(nanoseconds / 1_000_000n)).toISOString();
}
