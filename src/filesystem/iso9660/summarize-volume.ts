// The facts of an ISO 9660 volume, from its primary descriptor.
import type { VolumeSummary } from '../volume-summary.js';
import type { BootEntry } from './el-torito.js';
import { DESCRIPTOR_BYTES } from './volume-descriptor.js';
import type { VolumeDescriptor } from './volume-descriptor.js';

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

/** Of a disc that has boot images and no volume; `size` in bytes is the image's. */
export function summarizeBootDisc(
  size: number,
  hasUdf: boolean,
  bootEntries: readonly BootEntry[],
): VolumeSummary {
  const unknown = { created: undefined, modified: undefined, expires: undefined, effective: undefined };
  return {
    ...{ systemId: '', volumeId: '', volumeSetId: '', publisherId: '', preparerId: '', applicationId: '' },
    ...unknown,
    ...{ blockSize: DESCRIPTOR_BYTES, size, jolietLevel: 0, hasUdf, bootEntries },
  };
}
