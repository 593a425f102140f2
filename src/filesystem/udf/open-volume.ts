// From an anchor to an opened volume: descriptors, partitions, file set.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import { computeWindowsSerial } from '../contract/windows-identity.js';
import type { WorkBudget } from '../contract/work-budget.js';
import type { Anchor } from './anchor.js';
import { readFileSet } from './file-set-sequence.js';
import { IcbReader } from './icb-reader.js';
import { readIntegrity } from './integrity-descriptor.js';
import type { IntegrityDescriptor } from './integrity-descriptor.js';
import { openPartitions } from './open-partitions.js';
import type { UdfFindings } from './udf-findings.js';
import type { UdfVolume } from './udf-volume.js';
import type { VolumeDescriptors } from './volume-descriptor-sequence.js';
import { readVolumeDescriptorSequence } from './volume-descriptor-sequence.js';

export interface OpenedVolume {
  readonly volume: UdfVolume;
  readonly descriptors: VolumeDescriptors;
  readonly integrity: IntegrityDescriptor | undefined;
}

/**
 * `end`: byte offset behind what is recorded, where tables of write-once media stand. Rejects with `damaged` when the
 * volume cannot be used, and as ByteSource.read does.
 */
export async function openVolume(
  reader: DataStream,
  anchor: Anchor,
  end: number,
  findings: UdfFindings,
  work: WorkBudget,
  signal?: AbortSignal,
): Promise<OpenedVolume> {
  const descriptors = await readVolumeDescriptorSequence(reader, anchor, findings, signal);
  const { logical } = descriptors;
  const blockSize = anchor.sectorSize;
  if (logical.blockSize !== blockSize) {
    const what = `Logical blocks have ${countBytes(logical.blockSize)}, expected a sector's ${blockSize}, which are used`;
    findings.add('block-size-mismatch', 'warning', anchor.main.sector * blockSize, what, 'UDF 2.2.4.2');
  }
  const endSector = Math.floor(end / blockSize);
  const partitions = await openPartitions(
    { reader, work },
    blockSize,
    descriptors,
    endSector,
    findings,
    signal,
  );
  const icbs = new IcbReader({ reader, work, blockSize, partitions }, findings);
  const { root, bytes } = await readFileSet(icbs, logical.fileSet, signal);
  const windowsSerial = computeWindowsSerial(bytes);
  const volumeEnd = Math.max(...descriptors.partitions.map(({ start, length }) => start + length));
  return {
    volume: {
      ...{ reader, work, label: logical.label, blockSize, partitions, root, windowsSerial },
      size: volumeEnd * blockSize,
    },
    descriptors,
    integrity: await tryIntegrity(reader, anchor, descriptors, findings, signal),
  };
}

/** What the integrity descriptors say is for information only, so the volume opens without them. */
async function tryIntegrity(
  reader: DataStream,
  anchor: Anchor,
  { logical }: VolumeDescriptors,
  findings: UdfFindings,
  signal: AbortSignal | undefined,
): Promise<IntegrityDescriptor | undefined> {
  const { sectorSize } = anchor;
  try {
    return await readIntegrity(reader, sectorSize, logical.integrity, signal);
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
    const offset = logical.integrity.sector * sectorSize;
    findings.add('unreadable-integrity', 'warning', offset, thrown.message, 'ECMA-167 3/10.10');
    return undefined;
  }
}
