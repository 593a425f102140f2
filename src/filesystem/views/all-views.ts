// `--tree all`: every view of a disc side by side, each a directory named after it, and with them `boot/` and
// `partitions/`. FAT volumes among those stand open beside their images.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readIfPossible } from '../../source/read-fully.js';
import type { FatContext } from '../fat/fat-tree.js';
import { openFatVolume } from '../fat/probe.js';
import type { FileTree, TreeKind } from '../contract/file-tree.js';
import { parseMasterBootRecord } from '../partition/master-boot-record.js';
import { PARTITION_SECTOR } from '../contract/partition.js';
import type { Partition } from '../contract/partition.js';
import type { VolumeSummary } from '../contract/volume-summary.js';
import { besideImage, listBootFiles, listPartitionFiles } from './boot-files.js';
import { CompositeTree } from './composite-tree.js';
import type { PlacedFile, PlacedTree } from './composite-tree.js';

/** Trees that stand together: those of the disc itself at the root, those of an older session in a directory of its. */
export interface ViewGroup {
  readonly path: readonly string[];
  readonly trees: readonly FileTree[];
}

export interface ViewSources {
  readonly groups: readonly ViewGroup[];
  readonly volume: VolumeSummary;
  readonly partitions: readonly Partition[];
}

/** Directory names that differ from the names of the views. */
const NAMES: Partial<Record<TreeKind, string>> = { 'rock-ridge': 'rockridge' };

/** Lists nothing yet. Rejects as ByteSource.read does. */
export async function createAllViews(
  reader: DataStream,
  { groups, volume, partitions }: ViewSources,
  context: FatContext,
): Promise<CompositeTree> {
  const first = groups[0]?.trees[0];
  const files = [
    ...(await listBootFiles(reader, volume, partitions, first, context.signal)),
    ...listPartitionFiles(reader, partitions),
  ];
  const trees = [...groups.flatMap(placeGroup), ...(await openFatImages(reader, files, context))];
  return new CompositeTree({
    kind: 'all',
    label: first?.label ?? volume.volumeId,
    volumeSize: first?.volumeSize ?? reader.size,
    blockSize: first?.blockSize ?? volume.blockSize,
    modified: volume.modified ?? volume.created ?? { seconds: 0, microseconds: 0 },
    sourceName: reader.name,
    trees,
    files,
  });
}

/** A second tree of a kind, from another partition, gets a number. */
function placeGroup({ path, trees }: ViewGroup): PlacedTree[] {
  const counts = new Map<TreeKind, number>();
  return trees.map((tree) => {
    const count = (counts.get(tree.kind) ?? 0) + 1;
    counts.set(tree.kind, count);
    const name = NAMES[tree.kind] ?? tree.kind;
    return { path: [...path, count === 1 ? name : `${name}-${count}`], tree };
  });
}

async function openFatImages(
  reader: DataStream,
  files: readonly PlacedFile[],
  context: FatContext,
): Promise<PlacedTree[]> {
  const result: PlacedTree[] = [];
  for (const { path, offset } of files) {
    if (offset === 0 || !path.at(-1)!.endsWith('.img')) continue;
    const tree = await openFatImage(reader, offset, context);
    if (tree !== undefined) result.push({ path: besideImage(path), tree });
  }
  return result;
}

/** The FAT volume that an image is, or that the first partition of an emulated hard disk has. */
async function openFatImage(
  reader: DataStream,
  offset: number,
  context: FatContext,
): Promise<FileTree | undefined> {
  const tree = await openFatVolume(reader, offset, context);
  if (tree !== undefined) return tree;
  const sector = await readIfPossible(reader, offset, PARTITION_SECTOR, context.signal);
  const [first] = parseMasterBootRecord(new ByteCursor(sector, reader.name, offset));
  return first === undefined ? undefined : openFatVolume(reader, offset + first.start, context);
}
