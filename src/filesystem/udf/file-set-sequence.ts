// The file set descriptor sequence (ECMA-167 4/8.3.1): write-once media append a descriptor, or a chained extent of
// them, whenever the root moves. The set with the highest number is the one that is shown (UDF 2.3.2).
import { IsodriveError } from '../../base/error.js';
import type { BlockAddress, LongExtent } from './fields.js';
import { parseFileSetDescriptor } from './file-set-descriptor.js';
import type { FileSetDescriptor } from './file-set-descriptor.js';
import type { IcbReader } from './icb-reader.js';
import { TAG } from './tag.js';

/** Descriptors looked at, of all extents together. */
export const MAX_FILE_SETS = 256;

/** The descriptor that prevails. Rejects with `damaged` when the first one is none, and as ByteSource.read does. */
export async function readFileSet(
  icbs: IcbReader,
  extent: LongExtent,
  signal?: AbortSignal,
): Promise<FileSetDescriptor> {
  let best = await readDescriptor(icbs, extent, signal);
  let last: FileSetDescriptor | undefined = best;
  let at: LongExtent = extent;
  for (let count = 1; last !== undefined && count < MAX_FILE_SETS; count += 1) {
    at = last.next.length > 0 ? last.next : follow(at, icbs.context.blockSize);
    if (at.length === 0) break;
    last = await tryDescriptor(icbs, at, signal);
    if (last !== undefined && prevails(last, best)) best = last;
  }
  return best;
}

/** The rest of an extent behind its first block. */
function follow({ length, block, partition }: LongExtent, blockSize: number): LongExtent {
  return { length: Math.max(0, length - blockSize), block: block + 1, partition };
}

function prevails(one: FileSetDescriptor, other: FileSetDescriptor): boolean {
  if (one.number !== other.number) return one.number > other.number;
  return one.descriptorNumber >= other.descriptorNumber;
}

async function readDescriptor(
  icbs: IcbReader,
  address: BlockAddress,
  signal: AbortSignal | undefined,
): Promise<FileSetDescriptor> {
  const isFileSet = (tag: number): boolean => tag === TAG.fileSet;
  return parseFileSetDescriptor(await icbs.readDescriptor(address, isFileSet, 'file set descriptor', signal));
}

/** Undefined at the end of the sequence: a terminating descriptor, a block that was never recorded, or damage. */
async function tryDescriptor(
  icbs: IcbReader,
  address: BlockAddress,
  signal: AbortSignal | undefined,
): Promise<FileSetDescriptor | undefined> {
  try {
    return await readDescriptor(icbs, address, signal);
  } catch (thrown) {
    const isEnd = thrown instanceof IsodriveError && ['damaged', 'image-unreadable'].includes(thrown.code);
    if (!isEnd) throw thrown;
    return undefined;
  }
}
