// Finds FAT volumes: one that is the whole image, as of a floppy, or those in the partitions of a hard disk.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readIfPossible } from '../../source/read-fully.js';
import type { FileSystem, Volume } from '../contract/file-system.js';
import { completeSummary } from '../contract/volume-summary.js';
import { BOOT_SECTOR_BYTES, isFatBootSector } from './boot-sector.js';
import type { FatContext, FatTree } from './fat-tree.js';

/** Volumes that are shown of one disc. */
export const MAX_FAT_VOLUMES = 8;

export const fatFileSystem: FileSystem = {
  title: 'FAT',

  async probe(reader, context): Promise<Volume> {
    const tree = await openFatVolume(reader, 0, context);
    if (tree === undefined) {
      throw new IsodriveError(
        'unsupported',
        `Cannot read "${reader.name}": its first sector has no parameter block, expected a FAT volume`,
        { at: { source: reader.name, offset: 0 } },
      );
    }
    return toVolume([tree], tree);
  },

  async probePartitions(reader, context): Promise<Volume | undefined> {
    const { partitions = [] } = context;
    const trees: FatTree[] = [];
    for (const start of new Set(partitions.map((partition) => partition.start))) {
      const tree = await openFatVolume(reader, start, context);
      if (tree !== undefined && trees.length < MAX_FAT_VOLUMES) trees.push(tree);
    }
    const [first] = trees;
    return first === undefined ? undefined : toVolume(trees, first);
  },
};

function toVolume(trees: readonly FatTree[], { label, blockSize, volumeSize, start }: FatTree): Volume {
  return { trees, summary: completeSummary({ volumeId: label, blockSize, size: volumeSize, start }) };
}

/** The FAT volume that starts at byte `start` of the image, or undefined. Rejects as FatTree.open does. */
export async function openFatVolume(
  reader: DataStream,
  start: number,
  context: FatContext,
): Promise<FatTree | undefined> {
  const bytes = await readIfPossible(reader, start, BOOT_SECTOR_BYTES, context.signal);
  if (!isFatBootSector(new ByteCursor(bytes, reader.name, start))) return undefined;
  const { FatTree } = await import('./fat-tree.js');
  return FatTree.open(reader, start, context);
}
