// Tells a bad place of a medium, beside which the next sector may be good, from a source that is gone altogether.
import { IsodriveError, isSystemError, toIsodriveError } from '../../base/error.js';
import type { ByteSource } from '../../source/byte-source.js';

/** Errors of a source that no other sector of it would answer better (errno.h). */
const GONE = new Set(['EBADF', 'ENODEV', 'ENOMEDIUM', 'ENOTCONN', 'ENXIO', 'ESHUTDOWN', 'ESTALE']);

/** Whether a read failed because of the place that it was for: a bad one, or one that the image does not hold. */
export function isBadPlace(thrown: unknown): boolean {
  if (!(thrown instanceof IsodriveError)) return false;
  if (thrown.code === 'damaged') return true;
  if (thrown.code !== 'image-unreadable') return false;
  return !(isSystemError(thrown.cause) && GONE.has(thrown.cause.code));
}

/**
 * Fills `target`; false where the place is bad or the source ends. Rejects as ByteSource.read does, but for bad
 * places.
 */
export async function tryToRead(
  source: Pick<ByteSource, 'read'>,
  target: Uint8Array,
  position: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    return (await source.read(target, position, signal)) === target.length;
  } catch (thrown) {
    if (isBadPlace(thrown)) return false;
    throw thrown;
  }
}

/** The source answers no more, not even where it did before. */
export function sourceGone(name: string, thrown: unknown): IsodriveError {
  const { message } = toIsodriveError(thrown);
  return new IsodriveError(
    'image-unreadable',
    `Cannot read "${name}" any more, not even what could be read before: ${message}`,
    {
      at: { source: name },
      action:
        'Connect the drive again, insert the disc, and run the same command: it goes on where it stopped',
      cause: thrown,
    },
  );
}
