// The facts of a UDF volume, from its descriptors.
import { completeSummary } from '../contract/volume-summary.js';
import type { VolumeSummary } from '../contract/volume-summary.js';
import type { IntegrityDescriptor } from './integrity-descriptor.js';
import type { UdfVolume } from './udf-volume.js';
import type { VolumeDescriptors } from './volume-descriptor-sequence.js';

export function summarizeVolume(
  volume: UdfVolume,
  { primary, logical }: VolumeDescriptors,
  integrity: IntegrityDescriptor | undefined,
): VolumeSummary {
  const minimum = integrity?.minimumReadRevision;
  return completeSummary({
    volumeId: completeLabel(primary?.volumeId ?? '', volume.label),
    volumeSetId: primary?.volumeSetId ?? '',
    preparerId: cleanIdentifier(primary?.implementationId),
    applicationId: cleanIdentifier(primary?.applicationId),
    created: primary?.recorded,
    modified: integrity?.recorded,
    blockSize: volume.blockSize,
    size: volume.size,
    hasUdf: true,
    windows: { label: volume.label, serial: volume.windowsSerial },
    udf: {
      revision: formatRevision(logical.revision),
      ...(minimum === undefined ? {} : { minimumReadRevision: formatRevision(minimum) }),
      partitions: logical.maps.map(({ kind }) => kind),
      // Write-once media are not closed like this: whoever found their table has a whole volume.
      isClosed: (integrity?.isClosed ?? false) || logical.maps.some(({ kind }) => kind === 'virtual'),
      ...(integrity?.files === undefined ? {} : { files: integrity.files }),
      ...(integrity?.directories === undefined ? {} : { directories: integrity.directories }),
    },
  });
}

/** The primary descriptor has room for 30 characters, and the logical volume's label for four times as many. */
function completeLabel(short: string, label: string): string {
  return label.startsWith(short) ? label : short;
}

/** Revisions are written as decimal digits: 0x0201 is 2.01. */
function formatRevision(revision: number): string {
  return `${(revision >>> 8).toString(16)}.${(revision & 0xff).toString(16).padStart(2, '0')}`;
}

function cleanIdentifier(identifier: string | undefined): string {
  return (identifier ?? '').replace(/^\*/, '');
}
