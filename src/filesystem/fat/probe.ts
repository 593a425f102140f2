// Finds a FAT volume that is the whole image: a floppy, or a partition on its own.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { SectorReader } from '../../disc/sector-reader.js';
import { readIfPossible } from '../../source/read-fully.js';
import type { FileSystem, Volume } from '../file-system.js';
import { completeSummary } from '../volume-summary.js';
import { BOOT_SECTOR_BYTES, isFatBootSector } from './boot-sector.js';
import { FatTree } from './fat-tree.js';

export const fatFileSystem: FileSystem = {
  title: 'FAT',

  async probe(reader, { signal }): Promise<Volume> {
    const tree = await openFatVolume(reader, 0, signal);
    if (tree === undefined) {
      throw new IsodriveError(
        'unsupported',
        `Cannot read "${reader.name}": its first sector has no parameter block, expected a FAT volume`,
        { at: { source: reader.name, offset: 0 } },
      );
    }
    const { label, blockSize, volumeSize } = tree;
    return { trees: [tree], summary: completeSummary({ volumeId: label, blockSize, size: volumeSize }) };
  },
};

/** The FAT volume that starts at byte `start` of the image, or undefined. Rejects as ByteSource.read does. */
export async function openFatVolume(
  reader: SectorReader,
  start: number,
  signal?: AbortSignal,
): Promise<FatTree | undefined> {
  const bytes = await readIfPossible(reader, start, BOOT_SECTOR_BYTES, signal);
  if (!isFatBootSector(new ByteCursor(bytes, reader.name, start))) return undefined;
  return FatTree.open(reader, start, signal);
}
