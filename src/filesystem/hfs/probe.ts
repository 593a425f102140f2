// Finds the HFS volumes of a disc. What reads them is loaded for discs that have any.
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { FileSystem, ProbeContext, Volume } from '../contract/file-system.js';
import { completeSummary } from '../contract/volume-summary.js';
import { openAppleVolumes, resemblesAppleVolume } from './apple-volumes.js';
import type { HfsVolume } from './hfs-volume.js';
import { readMacTime } from './mac-time.js';

export const hfsFileSystem: FileSystem = {
  title: 'HFS',
  probe: probeHfs,
  // Those of HFS+ too.
  findMarks: (_source, start) => (resemblesAppleVolume(start) ? 1 : 0),
};

async function probeHfs(reader: DataStream, context: ProbeContext): Promise<Volume> {
  const open = async (offset: number): Promise<HfsVolume> =>
    (await import('./hfs-volume.js')).HfsVolume.open(reader, offset, context.charset, context.signal);
  const volumes = await openAppleVolumes(reader, context, 'hfs', open);
  const [first] = volumes;
  if (first === undefined) throw refuse(reader);
  const { CatalogTree } = await import('./catalog-tree.js');
  const { label, blockSize, size, header } = first.volume;
  const { created, modified } = header;
  const times = { created: readMacTime(created), modified: readMacTime(modified) };
  return {
    trees: volumes.map(({ volume }) => new CatalogTree(volume, context.showAssociated)),
    summary: completeSummary({
      volumeId: label,
      blockSize,
      size,
      start: first.start,
      ...times,
      localTimes: ['created', 'modified'],
    }),
  };
}

function refuse(reader: DataStream): IsodriveError {
  return new IsodriveError(
    'unsupported',
    `Cannot read "${reader.name}": found no master directory block, expected an HFS volume`,
    { at: { source: reader.name } },
  );
}
