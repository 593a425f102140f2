// Finds and opens volumes of Apple's formats: at the first byte of a disc, or in a partition of whatever scheme.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { DataStream } from '../../disc/data-stream.js';
import { IsodriveError } from '../../base/error.js';
import { readIfPossible } from '../../source/read-fully.js';
import type { ProbeContext } from '../contract/file-system.js';
import { HFS_SIGNATURE, MDB_BYTES, MDB_OFFSET, parseMasterDirectoryBlock } from './master-directory-block.js';

/** Volumes of these formats that are looked for on one disc. */
export const MAX_APPLE_VOLUMES = 8;
/** 'H+' and, where names differ by case, 'HX' (TN1150, "Volume Header"). */
const HFSPLUS_SIGNATURES = [0x482b, 0x4858];

export interface AppleVolumePlace {
  readonly format: 'hfs' | 'hfsplus';
  /** Byte in the image where the volume starts; for HFS+ in an HFS wrapper, where the HFS+ volume does. */
  readonly offset: number;
}

/** A volume, and the byte of the image where it starts. */
export interface OpenedAppleVolume<T> {
  readonly volume: T;
  readonly start: number;
}

/** Whether the first bytes of an image may be those of an HFS or HFS+ volume. */
export function resemblesAppleVolume(start: ByteCursor): boolean {
  if (start.length < MDB_OFFSET + 2) return false;
  const signature = start.u16be(MDB_OFFSET);
  return signature === HFS_SIGNATURE || HFSPLUS_SIGNATURES.includes(signature);
}

/**
 * Opens every volume of a format. A damaged one beside a good one is a finding; rejects with its error when there is
 * no good one, and as ByteSource.read does.
 */
export async function openAppleVolumes<T>(
  reader: DataStream,
  context: ProbeContext,
  wanted: AppleVolumePlace['format'],
  open: (offset: number) => Promise<T>,
): Promise<OpenedAppleVolume<T>[]> {
  const volumes: OpenedAppleVolume<T>[] = [];
  const errors: IsodriveError[] = [];
  for (const { format, offset } of await findAppleVolumes(reader, context)) {
    if (format !== wanted) continue;
    try {
      volumes.push({ volume: await open(offset), start: offset });
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code !== 'damaged') throw thrown;
      errors.push(thrown);
    }
  }
  const [first] = errors;
  if (volumes.length === 0 && first !== undefined) throw first;
  for (const { message, at = { source: reader.name } } of errors) {
    context.report({ code: 'damaged-volume', severity: 'damage', message, at });
  }
  return volumes;
}

/** Rejects as ByteSource.read does. */
async function findAppleVolumes(
  reader: DataStream,
  { partitions = [], signal }: ProbeContext,
): Promise<AppleVolumePlace[]> {
  const found = new Map<number, AppleVolumePlace>();
  for (const offset of new Set([0, ...partitions.map(({ start }) => start)])) {
    const place = await identify(reader, offset, signal);
    if (place !== undefined && found.size < MAX_APPLE_VOLUMES) found.set(place.offset, place);
  }
  return [...found.values()];
}

async function identify(
  reader: DataStream,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<AppleVolumePlace | undefined> {
  const bytes = await readIfPossible(reader, offset + MDB_OFFSET, MDB_BYTES, signal);
  if (bytes.length < MDB_BYTES) return undefined;
  const cursor = new ByteCursor(bytes, reader.name, offset + MDB_OFFSET);
  const signature = cursor.u16be(0);
  if (HFSPLUS_SIGNATURES.includes(signature)) return { format: 'hfsplus', offset };
  if (signature !== HFS_SIGNATURE) return undefined;
  const { embedded, firstBlock, blockSize } = parseMasterDirectoryBlock(cursor);
  if (embedded === undefined) return { format: 'hfs', offset };
  return { format: 'hfsplus', offset: offset + firstBlock + embedded.start * blockSize };
}
