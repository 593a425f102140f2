// Reads of a few bytes into memory of their own, for what is looked at once.
import { countBytes } from '../base/byte-count.js';
import { IsodriveError } from '../base/error.js';
import type { ErrorCode } from '../base/error.js';
import type { ByteSource } from './byte-source.js';

/** Faults of the image, which the next read need not have. */
const OPTIONAL_FAULTS: readonly ErrorCode[] = ['image-unreadable', 'damaged'];

type Readable = Pick<ByteSource, 'name' | 'size' | 'read'>;

/** Bytes at `position`, fewer where the source ends. Rejects as ByteSource.read does. */
export async function readAtMost(
  source: Readable,
  position: number,
  length: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, source.size - position)));
  const got = await source.read(bytes, position, signal);
  return bytes.subarray(0, got);
}

/** As readAtMost, but nothing where the medium fails or does not reach: for what a disc can do without. */
export async function readIfPossible(
  source: Readable,
  position: number,
  length: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  try {
    return await readAtMost(source, position, length, signal);
  } catch (thrown) {
    if (thrown instanceof IsodriveError && OPTIONAL_FAULTS.includes(thrown.code)) return new Uint8Array();
    throw thrown;
  }
}

/** Exactly so many bytes; `damaged` where the source ends before. `what` names them in the message. */
export async function readExactly(
  source: Readable,
  position: number,
  length: number,
  what: string,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const bytes = await readAtMost(source, position, length, signal);
  if (bytes.length === length) return bytes;
  throw new IsodriveError(
    'damaged',
    `Cannot read ${what} at byte ${position} of "${source.name}": image ends at byte ${source.size}, ` +
      `expected ${countBytes(length)} there`,
    { at: { source: source.name, offset: position }, action: 'Fetch the image again: it is truncated' },
  );
}
