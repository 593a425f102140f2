// Finds the HFS+ volumes of a disc, those in HFS wrappers included. What reads them is loaded for discs that have any.
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { FileSystem, ProbeContext, Volume } from '../contract/file-system.js';
import { openAppleVolumes } from '../hfs/apple-volumes.js';
import { readMacTime } from '../hfs/mac-time.js';
import { completeSummary } from '../contract/volume-summary.js';
import type { HfsPlusVolume } from './hfsplus-volume.js';

export const hfsPlusFileSystem: FileSystem = { title: 'HFS+', probe: probeHfsPlus };

async function probeHfsPlus(reader: DataStream, context: ProbeContext): Promise<Volume> {
  const open = async (offset: number): Promise<HfsPlusVolume> =>
    (await import('./hfsplus-volume.js')).HfsPlusVolume.open(reader, offset, context.report, context.signal);
  const volumes = await openAppleVolumes(reader, context, 'hfsplus', open);
  const [first] = volumes;
  if (first === undefined) throw refuse(reader);
  const { CatalogTree } = await import('../hfs/catalog-tree.js');
  const { start, volume } = first;
  const { label, blockSize, size, header } = volume;
  const times = { created: readMacTime(header.created), modified: readMacTime(header.modified) };
  return {
    trees: volumes.map((one) => new CatalogTree(one.volume, context.showAssociated)),
    summary: completeSummary({ volumeId: label, blockSize, size, start, ...times, localTimes: ['created'] }),
  };
}

function refuse(reader: DataStream): IsodriveError {
  return new IsodriveError(
    'unsupported',
    `Cannot read "${reader.name}": found no volume header, expected an HFS+ volume`,
    { at: { source: reader.name } },
  );
}
