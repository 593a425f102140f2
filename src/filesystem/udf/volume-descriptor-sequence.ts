// A volume descriptor sequence (ECMA-167 3/8.4.2) and its reserve: what of them describes the volume.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';
import type { Anchor } from './anchor.js';
import { readVolumeExtent } from './fields.js';
import type { VolumeExtent } from './fields.js';
import { parseLogicalVolumeDescriptor } from './logical-volume-descriptor.js';
import type { LogicalVolumeDescriptor } from './logical-volume-descriptor.js';
import { parsePartitionDescriptor } from './partition-descriptor.js';
import type { PartitionDescriptor } from './partition-descriptor.js';
import { parsePrimaryVolumeDescriptor } from './primary-volume-descriptor.js';
import type { PrimaryVolumeDescriptor } from './primary-volume-descriptor.js';
import { TAG, checkTag, tagIdentifier } from './tag.js';
import type { UdfFindings } from './udf-findings.js';

/** Descriptors of a sequence; 16 are usual. */
export const MAX_DESCRIPTORS = 1024;
/** Volume descriptor pointers followed, as in Linux. */
export const MAX_POINTERS = 64;
export const MAX_PARTITIONS = 64;

export interface VolumeDescriptors {
  readonly primary: PrimaryVolumeDescriptor | undefined;
  readonly logical: LogicalVolumeDescriptor;
  readonly partitions: readonly PartitionDescriptor[];
}

/** Prevailing descriptors (3/8.4.3): those with the highest sequence number, by what they describe. */
interface Draft {
  primary: { sequence: number; value: PrimaryVolumeDescriptor } | undefined;
  logical: { sequence: number; value: LogicalVolumeDescriptor } | undefined;
  readonly partitions: Map<number, { sequence: number; value: PartitionDescriptor }>;
  /** A descriptor was broken, so the other sequence may know more. */
  isDamaged: boolean;
  lastError: IsodriveError | undefined;
}

/**
 * Reads the main sequence, and the reserve where the main one is damaged. Rejects with `damaged` when neither has a
 * logical volume that can be used and a partition, and as ByteSource.read does.
 */
export async function readVolumeDescriptorSequence(
  reader: DataStream,
  anchor: Anchor,
  findings: UdfFindings,
  signal?: AbortSignal,
): Promise<VolumeDescriptors> {
  const draft: Draft = {
    primary: undefined,
    logical: undefined,
    partitions: new Map(),
    isDamaged: false,
    lastError: undefined,
  };
  await readSequence(reader, anchor.sectorSize, anchor.main, draft, signal);
  if (draft.isDamaged || draft.logical === undefined || draft.partitions.size === 0) {
    findings.copyUsed('Main volume descriptor sequence', anchor.main.sector * anchor.sectorSize);
    await readSequence(reader, anchor.sectorSize, anchor.reserve, draft, signal);
  }
  const { primary, logical, partitions } = draft;
  if (logical === undefined || partitions.size === 0) throw draft.lastError ?? refuseSequence(reader, anchor);
  return {
    primary: primary?.value,
    logical: logical.value,
    partitions: Array.from(partitions.values(), ({ value }) => value),
  };
}

async function readSequence(
  reader: DataStream,
  sectorSize: number,
  first: VolumeExtent,
  draft: Draft,
  signal: AbortSignal | undefined,
): Promise<void> {
  let { sector } = first;
  let end = sector + Math.floor(first.length / sectorSize);
  let pointers = 0;
  for (let count = 0; sector < end && count < MAX_DESCRIPTORS; count += 1, sector += 1) {
    const bytes = await readSector(reader, sector * sectorSize, sectorSize, signal);
    const cursor = new ByteCursor(bytes, reader.name, sector * sectorSize);
    if (bytes.length < sectorSize) draft.isDamaged = true;
    if (bytes.length < sectorSize) return;
    const identifier = tagIdentifier(cursor);
    // What was never written ends a sequence as a terminator does: some masters leave that out.
    if (identifier === TAG.terminating || bytes.every((byte) => byte === 0)) return;
    if (checkTag(cursor, sector) !== undefined) {
      draft.isDamaged = true;
    } else if (identifier === TAG.volumePointer) {
      pointers += 1;
      if (pointers > MAX_POINTERS) return;
      const next = readVolumeExtent(cursor, 20); // 3/10.3.3 Next Volume Descriptor Sequence Extent, BP 20-27
      sector = next.sector - 1;
      end = next.sector + Math.floor(next.length / sectorSize);
    } else addDescriptor(cursor, identifier, draft);
  }
}

/** A sector that the medium cannot give is as good as a broken one: there is a second sequence. */
async function readSector(
  reader: DataStream,
  offset: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  try {
    return await readAtMost(reader, offset, length, signal);
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code !== 'image-unreadable') throw thrown;
    return new Uint8Array(length).fill(0xff);
  }
}

function addDescriptor(cursor: ByteCursor, identifier: number, draft: Draft): void {
  const sequence = cursor.u32le(16); // Volume Descriptor Sequence Number, BP 16-19 of all of them
  const prevails = (other: { sequence: number } | undefined): boolean =>
    other === undefined || sequence >= other.sequence;
  try {
    if (identifier === TAG.primaryVolume && prevails(draft.primary)) {
      draft.primary = { sequence, value: parsePrimaryVolumeDescriptor(cursor) };
    } else if (identifier === TAG.logicalVolume && prevails(draft.logical)) {
      draft.logical = { sequence, value: parseLogicalVolumeDescriptor(cursor) };
    } else if (identifier === TAG.partition && draft.partitions.size < MAX_PARTITIONS) {
      const value = parsePartitionDescriptor(cursor);
      if (prevails(draft.partitions.get(value.number)))
        draft.partitions.set(value.number, { sequence, value });
    }
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError)) throw thrown;
    draft.isDamaged = true;
    draft.lastError = thrown;
  }
}

function refuseSequence(reader: DataStream, anchor: Anchor): IsodriveError {
  const offset = anchor.main.sector * anchor.sectorSize;
  return new IsodriveError(
    'damaged',
    `Cannot find the UDF volume of "${reader.name}": neither descriptor sequence has a logical volume ` +
      `and a partition, expected both`,
    { at: { source: reader.name, offset, clause: 'ECMA-167 3/8.4.2' } },
  );
}
