// What to say to those who want to mount a file that was changed since it was mounted.
import { countBytes } from '../../src/base/byte-count.js';
import { IsodriveError } from '../../src/base/error.js';
import type { ImageIdentity } from '../reader/image-identity.js';
import type { MountedImage } from './mounted-image.js';

export function imageChanged(path: string, mount: MountedImage, now: ImageIdentity): IsodriveError {
  return new IsodriveError(
    'image-changed',
    `Image "${path}" has changed since it was mounted as ${mount.id} at "${mount.active.directory}": ` +
      `it has ${countBytes(now.size)}, modified ${formatTime(now.modified)}, ` +
      `expected ${countBytes(mount.identity.size)}, modified ${formatTime(mount.identity.modified)}`,
    { action: `Run isodrive unmount ${mount.id}, then mount it again, or use --new` },
  );
}

function formatTime(nanoseconds: bigint): string {
  return new Date(Number(nanoseconds / 1_000_000n)).toISOString();
}
