// The facts of an ISO 9660 volume, from its primary descriptor.
import { completeSummary } from '../contract/volume-summary.js';
import type { VolumeSummary } from '../contract/volume-summary.js';
import { BLOCK } from './el-torito.js';
import type { BootEntry } from '../contract/boot-entry.js';
import type { Identifiers } from './identifiers.js';
import { DESCRIPTOR_BYTES } from './volume-descriptor.js';
import type { VolumeDescriptor } from './volume-descriptor.js';

/** `identifiers`: what is shown of them. `bootCatalog`: the block where the boot catalogue stands. */
export function summarizeVolume(
  identifiers: Identifiers,
  primary: VolumeDescriptor,
  joliet: VolumeDescriptor | undefined,
  hasUdf: boolean,
  bootEntries: readonly BootEntry[],
  bootCatalog: number | undefined,
): VolumeSummary {
  const { systemId, volumeId, volumeSetId, publisherId, preparerId, applicationId } = identifiers;
  const { created, modified, expires, effective, blockSize } = primary;
  const size = primary.volumeBlocks * blockSize;
  const bootCatalogOffset = locateCatalog(bootCatalog);
  // Windows shows Joliet's label and nothing of the other.
  const shown = joliet ?? primary;
  const windows = { label: shown.volumeId, serial: shown.windowsSerial };
  const jolietLevel = joliet?.jolietLevel ?? 0;
  return {
    ...{ systemId, volumeId, volumeSetId, publisherId, preparerId, applicationId },
    ...{ created, modified, expires, effective, blockSize, size },
    ...{ jolietLevel, hasUdf, windows, bootEntries, bootCatalogOffset },
  };
}

/** Of a disc that has boot images and no volume; `size` in bytes is the image's. */
export function summarizeBootDisc(
  size: number,
  hasUdf: boolean,
  bootEntries: readonly BootEntry[],
  bootCatalog: number | undefined,
): VolumeSummary {
  const bootCatalogOffset = locateCatalog(bootCatalog);
  const facts = { volumeId: '', blockSize: DESCRIPTOR_BYTES, size };
  return completeSummary({ ...facts, hasUdf, bootEntries, bootCatalogOffset });
}

function locateCatalog(block: number | undefined): number | undefined {
  return block === undefined ? undefined : block * BLOCK;
}
