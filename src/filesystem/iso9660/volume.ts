// What there is on an ISO 9660 disc besides its files: the facts of its descriptors, for `info`.
import type { Timestamp } from '../file-tree.js';
import type { BootEntry } from './el-torito.js';
import type { VolumeDescriptor } from './volume-descriptor.js';

/** Facts of the primary volume descriptor. Text is trimmed and may be empty. */
export interface VolumeSummary {
  readonly systemId: string;
  readonly volumeId: string;
  readonly volumeSetId: string;
  readonly publisherId: string;
  readonly preparerId: string;
  readonly applicationId: string;
  readonly created: Timestamp | undefined;
  readonly modified: Timestamp | undefined;
  readonly expires: Timestamp | undefined;
  readonly effective: Timestamp | undefined;
  /** Bytes of a logical block. */
  readonly blockSize: number;
  /** Bytes of the volume as the descriptor says; the image may have more, and should not have less. */
  readonly size: number;
  /** Joliet level 1 to 3, or 0. */
  readonly jolietLevel: number;
  /** A UDF volume stands on the same disc. */
  readonly hasUdf: boolean;
  /** What firmware may start from this disc (El Torito). */
  readonly bootEntries: readonly BootEntry[];
}

export function summarizeVolume(
  primary: VolumeDescriptor,
  jolietLevel: number,
  hasUdf: boolean,
  bootEntries: readonly BootEntry[],
): VolumeSummary {
  const { systemId, volumeId, volumeSetId, publisherId, preparerId, applicationId } = primary;
  const { created, modified, expires, effective, blockSize } = primary;
  const size = primary.volumeBlocks * blockSize;
  return {
    ...{ systemId, volumeId, volumeSetId, publisherId, preparerId, applicationId },
    ...{ created, modified, expires, effective, blockSize, size, jolietLevel, hasUdf, bootEntries },
  };
}
