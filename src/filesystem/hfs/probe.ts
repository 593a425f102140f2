// Finds the HFS volumes of a disc.
import { IsodriveError } from '../../base/error.js';
import type { SectorReader } from '../../disc/sector-reader.js';
import type { FileSystem, ProbeContext, Volume } from '../file-system.js';
import { completeSummary } from '../volume-summary.js';
import { CatalogTree } from './catalog-tree.js';
import { openAppleVolumes } from './apple-volumes.js';
import { HfsVolume } from './hfs-volume.js';
import { readMacTime } from './mac-time.js';

export const hfsFileSystem: FileSystem = { title: 'HFS', probe: probeHfs };

async function probeHfs(reader: SectorReader, context: ProbeContext): Promise<Volume> {
  const open = (offset: number): Promise<HfsVolume> =>
    HfsVolume.open(reader, offset, context.charset, context.signal);
  const volumes = await openAppleVolumes(reader, context, 'hfs', open);
  const [first] = volumes;
  if (first === undefined) throw refuse(reader);
  const { created, modified } = first.header;
  const { label, blockSize, size } = first;
  const times = { created: readMacTime(created), modified: readMacTime(modified) };
  return {
    trees: volumes.map((volume) => new CatalogTree(volume, context.showAssociated)),
    summary: completeSummary({
      volumeId: label,
      blockSize,
      size,
      ...times,
      localTimes: ['created', 'modified'],
    }),
  };
}

function refuse(reader: SectorReader): IsodriveError {
  return new IsodriveError(
    'unsupported',
    `Cannot read "${reader.name}": found no master directory block, expected an HFS volume`,
    { at: { source: reader.name } },
  );
}
