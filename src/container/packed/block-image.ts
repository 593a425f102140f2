// An image in blocks of equal size, each of which is packed by itself, as a source in units: CSO, DAX, JSO.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import { CachedStream } from '../../disc/cached-stream.js';
import { UnitSource } from '../../disc/unit-source.js';
import type { ByteSource } from '../../source/byte-source.js';
import { decodeBlocks } from './packed-blocks.js';
import type { StoredBlock } from './packed-blocks.js';

/** Bytes of a block that are taken: those of a sector, and those of a unit that native code can have. */
export const MIN_BLOCK_BYTES = 512;
export const MAX_BLOCK_BYTES = 4 * 1024 * 1024;
/** Bytes of an image: what a disc of four layers has, eight times. */
const MAX_SIZE = 2 ** 40;

/** What is wrong with a block whose end is not behind its start. */
export const EMPTY_SPAN = 'Index says that it ends where it begins or before, expected behind that';

export interface BlockImage {
  /** Bytes of the image, and of each block of it but the last. */
  readonly size: number;
  readonly blockBytes: number;
  /** Where blocks that follow each other lie. Rejects as ByteSource.read does. */
  readonly locate: (first: number, count: number) => Promise<readonly StoredBlock[]>;
}

/** A header says these; throws `damaged` where they are impossible. `format`: "CSO". */
export function checkSizes(name: string, format: string, size: number, blockBytes: number): void {
  let fault: string | undefined;
  if (blockBytes < MIN_BLOCK_BYTES || blockBytes > MAX_BLOCK_BYTES)
    fault = `it says blocks of ${countBytes(blockBytes)}, expected ${MIN_BLOCK_BYTES} to ${MAX_BLOCK_BYTES}`;
  else if (size === 0 || size > MAX_SIZE)
    fault = `it says an image of ${countBytes(size)}, expected 1 to ${MAX_SIZE}`;
  if (fault !== undefined) throw damagedHeader(name, format, fault);
}

export function damagedHeader(name: string, format: string, fault: string, offset = 0): IsodriveError {
  return new IsodriveError(
    'damaged',
    `Cannot open "${name}": its header is that of a ${format}, but ${fault}`,
    {
      at: { source: name, offset },
      action: 'Fetch the image again: it is damaged or cut off',
    },
  );
}

/** Takes `of`. */
export function openBlockImage(of: ByteSource, { size, blockBytes, locate }: BlockImage): UnitSource {
  return new UnitSource({
    of,
    size,
    unitBytes: blockBytes,
    decodeUnits: async (first, count, target) => decodeBlocks(of, await locate(first, count), target),
  });
}

/** An index of entries of one size, one a block and one behind the last. */
export interface BlockIndex extends Pick<BlockImage, 'size' | 'blockBytes'> {
  /** Byte of its first entry. */
  readonly start: number;
  readonly entryBytes: number;
  /** Blocks from `first` on, by their entries and the one behind them. */
  readonly parse: (entries: Uint8Array, first: number) => readonly StoredBlock[];
}

/**
 * An image whose blocks such an index places. Takes `of`. Throws `damaged` where sizes are impossible, or the file ends
 * within the index. `format`: "CSO".
 */
export function openIndexedImage(of: ByteSource, format: string, index: BlockIndex): UnitSource {
  const { size, blockBytes, start, entryBytes, parse } = index;
  checkSizes(of.name, format, size, blockBytes);
  const end = start + (Math.ceil(size / blockBytes) + 1) * entryBytes;
  if (end > of.size)
    throw damagedHeader(of.name, format, `its index ends at byte ${end}, expected at most ${of.size}`);
  const table = new CachedStream(of);
  const locate: BlockImage['locate'] = async (first, count) => {
    const entries = new Uint8Array((count + 1) * entryBytes);
    await table.read(entries, start + first * entryBytes);
    return parse(entries, first);
  };
  return openBlockImage(of, { size, blockBytes, locate });
}

/** Bytes that a packed block can have: packing makes what cannot be packed a little longer. */
export function mostPackedBytes(size: number): number {
  return size + Math.ceil(size / 8) + 64;
}
