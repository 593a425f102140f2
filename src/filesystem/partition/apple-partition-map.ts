// The Apple partition map (Inside Macintosh: Devices, 3-22 to 3-28): one block an entry, from block 1 on. The driver
// descriptor in block 0 tells the size of a block; some writers leave it out or lie, so the usual sizes are tried.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readIfPossible } from '../../source/read-fully.js';
import type { Partition } from '../contract/partition.js';

/** Entries of one map; real ones have fewer than ten. */
export const MAX_MAP_ENTRIES = 64;
const ENTRY_BYTES = 136;
/** sbSig of the driver descriptor: "ER". */
const DESCRIPTOR_SIGNATURE = 0x4552;
/** pmSig of an entry: "PM". */
const ENTRY_SIGNATURE = 0x504d;
const USUAL_BLOCK_SIZES = [512, 1024, 2048, 4096];
export const MAX_BLOCK_SIZE = 4096;

export interface AppleMap {
  readonly partitions: readonly Partition[];
  /** Entries that the map says it has and that are none: some discs declare a map and hold no more than its start. */
  readonly missing: number;
  /** Size of a block that the driver descriptor says, where the map lies in blocks of another. */
  readonly wrongBlockSize: number | undefined;
}

/**
 * Whether the first bytes of an image, MAX_BLOCK_SIZE + 2 of them, may be followed by a map: in blocks of whatever
 * size.
 */
export function resemblesAppleMap(start: ByteCursor): boolean {
  const isEntryAt = (at: number): boolean => at + 2 <= start.length && start.u16be(at) === ENTRY_SIGNATURE;
  if (USUAL_BLOCK_SIZES.some(isEntryAt)) return true;
  if (start.length < 4 || start.u16be(0) !== DESCRIPTOR_SIGNATURE) return false;
  const declared = start.u16be(2); // sbBlkSize, offset 2
  return declared > 0 && isEntryAt(declared);
}

/** Undefined when the disc has no map. Rejects as ByteSource.read does. */
export async function readAppleMap(reader: DataStream, signal?: AbortSignal): Promise<AppleMap | undefined> {
  const first = await readIfPossible(reader, 0, 4, signal);
  const descriptor = new ByteCursor(first, reader.name, 0);
  const sizes = [...USUAL_BLOCK_SIZES];
  const isDeclared = descriptor.length >= 4 && descriptor.u16be(0) === DESCRIPTOR_SIGNATURE;
  const declared = isDeclared ? descriptor.u16be(2) : undefined; // sbBlkSize, offset 2
  if (declared !== undefined) sizes.unshift(declared);
  let best: AppleMap = { partitions: [], missing: 1, wrongBlockSize: undefined };
  for (const blockSize of sizes) {
    if (blockSize < ENTRY_BYTES || blockSize > MAX_BLOCK_SIZE) continue;
    const map = await readEntries(reader, blockSize, signal);
    // A wrong size may meet an entry by chance, but not all of them.
    if (map.partitions.length <= best.partitions.length) continue;
    best = { ...map, wrongBlockSize: blockSize === declared ? undefined : declared };
    if (map.missing === 0) break;
  }
  return isDeclared || best.partitions.length > 0 ? best : undefined;
}

async function readEntries(
  reader: DataStream,
  blockSize: number,
  signal: AbortSignal | undefined,
): Promise<Omit<AppleMap, 'wrongBlockSize'>> {
  const partitions: Partition[] = [];
  let count = 1;
  for (let i = 0; i < count; i += 1) {
    const at = (i + 1) * blockSize;
    const entry = new ByteCursor(await readIfPossible(reader, at, ENTRY_BYTES, signal), reader.name, at);
    if (entry.length < ENTRY_BYTES || entry.u16be(0) !== ENTRY_SIGNATURE) {
      return { partitions, missing: count - i };
    }
    if (i === 0) count = Math.min(entry.u32be(4), MAX_MAP_ENTRIES); // pmMapBlkCnt, offset 4
    const length = entry.u32be(12) * blockSize; // pmPartBlkCnt, offset 12
    if (length === 0) continue;
    partitions.push({
      scheme: 'apm',
      index: i + 1,
      type: readText(entry, 48), // pmParType, offset 48
      name: readText(entry, 16), // pmPartName, offset 16
      start: entry.u32be(8) * blockSize, // pmPyPartStart, offset 8
      length,
    });
  }
  return { partitions, missing: 0 };
}

/** Text of at most 32 bytes, up to a NUL. */
function readText(entry: ByteCursor, offset: number): string {
  return entry.text(offset, 32).split('\0', 1)[0]!;
}
