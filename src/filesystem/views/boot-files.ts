// What a disc holds outside of its file systems, as files: boot images and their catalogue, the system area,
// partitions.
import type { DataStream } from '../../disc/data-stream.js';
import { readIfPossible } from '../../source/read-fully.js';
import type { FileTree } from '../contract/file-tree.js';
import type { BootPlatform } from '../contract/boot-entry.js';
import type { Partition } from '../contract/partition.js';
import type { VolumeSummary } from '../contract/volume-summary.js';
import { measureBootImage } from './boot-image-size.js';
import type { PlacedFile } from './composite-tree.js';

/** ECMA-119 6.2.1: what stands before the volume descriptors. */
const SYSTEM_AREA_BYTES = 32_768;
const CATALOG_BYTES = 2048;
/** Characters of a partition's own name that become part of a file name. */
export const MAX_NAME = 64;
const IMAGE = '.img';

const PLATFORM_NAMES: Readonly<Record<BootPlatform, string>> = {
  x86: 'bios',
  efi: 'uefi',
  mac: 'mac',
  powerpc: 'powerpc',
  unknown: 'unknown',
};

/**
 * `boot/`: every boot entry, `boot.cat`, and `system-area.img` where it is not blank. `tree`: where boot images may
 * be files. Rejects as ByteSource.read does.
 */
export async function listBootFiles(
  reader: DataStream,
  volume: VolumeSummary,
  partitions: readonly Partition[],
  tree: FileTree | undefined,
  signal?: AbortSignal,
): Promise<PlacedFile[]> {
  const files: PlacedFile[] = [];
  const numbers = new Map<string, number>();
  for (const entry of volume.bootEntries) {
    const platform = PLATFORM_NAMES[entry.platform];
    const number = (numbers.get(platform) ?? 0) + 1;
    numbers.set(platform, number);
    if (entry.offset >= reader.size) continue;
    const size = await measureBootImage(reader, entry, partitions, tree, signal);
    files.push({ path: ['boot', `${platform}-${number}${IMAGE}`], offset: entry.offset, size });
  }
  const catalog = volume.bootCatalogOffset;
  if (catalog !== undefined && catalog < reader.size) {
    const size = Math.min(CATALOG_BYTES, reader.size - catalog);
    files.push({ path: ['boot', 'boot.cat'], offset: catalog, size });
  }
  const systemArea = await readIfPossible(reader, 0, SYSTEM_AREA_BYTES, signal);
  if (systemArea.some((byte) => byte !== 0)) {
    files.push({ path: ['boot', `system-area${IMAGE}`], offset: 0, size: systemArea.length });
  }
  return files;
}

/** `partitions/`: what of every partition lies inside the image. */
export function listPartitionFiles(reader: DataStream, partitions: readonly Partition[]): PlacedFile[] {
  return partitions
    .filter(({ start }) => start < reader.size)
    .map(({ scheme, index, name, start, length }) => {
      const suffix = name.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, MAX_NAME);
      const title = [scheme, index, ...(suffix === '' ? [] : [suffix])].join('-');
      const size = Math.min(length, reader.size - start);
      return { path: ['partitions', `${title}${IMAGE}`], offset: start, size };
    });
}

/** Path of the directory that shows what is in an image: beside it, without its suffix. */
export function besideImage(path: readonly string[]): string[] {
  return [...path.slice(0, -1), path.at(-1)!.slice(0, -IMAGE.length)];
}
