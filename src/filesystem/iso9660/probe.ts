// Finds every tree of an ISO 9660 disc, without listing any.
import type { Finding } from '../../base/finding.js';
import type { SectorReader } from '../../disc/sector-reader.js';
import type { FileSystem, ProbeContext, Volume } from '../file-system.js';
import { readBootCatalog } from './el-torito.js';
import { IsoTree } from './iso-tree.js';
import { detectRockRidge } from './rock-ridge/detect.js';
import type { RockRidgePresence } from './rock-ridge/detect.js';
import { readVolumeDescriptors } from './volume-descriptor-set.js';
import type { VolumeDescriptorSet } from './volume-descriptor-set.js';
import { summarizeVolume } from './summarize-volume.js';

export const isoFileSystem: FileSystem = { title: 'ISO 9660', probe: probeIsoVolume };

/** What a tree can do without is a finding. */
async function probeIsoVolume(reader: SectorReader, { report, signal }: ProbeContext): Promise<Volume> {
  const set = await readVolumeDescriptors(reader, report, signal);
  const rockRidge = await detectRockRidge(reader, set.primary, signal);
  const bootEntries =
    set.bootCatalog === undefined ? [] : await readBootCatalog(reader, set.bootCatalog, report, signal);
  const summary = summarizeVolume(set.primary, set.joliet?.jolietLevel ?? 0, set.hasUdf, bootEntries);
  if (summary.size > reader.size) reportTruncation(reader, summary.size, report);
  return { trees: createTrees(reader, set, rockRidge), summary };
}

/** Best first: a Rock Ridge tree that the disc does not announce stands behind Joliet. */
function createTrees(
  reader: SectorReader,
  set: VolumeDescriptorSet,
  rockRidge: RockRidgePresence | undefined,
): IsoTree[] {
  const trees: IsoTree[] = [];
  if (set.joliet !== undefined) trees.push(new IsoTree(reader, set.joliet, { kind: 'joliet' }));
  if (rockRidge !== undefined) {
    const tree = new IsoTree(reader, set.primary, { kind: 'rock-ridge', skip: rockRidge.skip });
    if (rockRidge.declared) trees.unshift(tree);
    else trees.push(tree);
  }
  trees.push(new IsoTree(reader, set.primary, { kind: 'iso9660' }));
  return trees;
}

function reportTruncation(reader: SectorReader, expected: number, report: (finding: Finding) => void): void {
  report({
    code: 'truncated-image',
    severity: 'damage',
    message: `Image has ${reader.size} bytes, expected ${expected}: it is truncated`,
    at: { source: reader.name, offset: reader.size, clause: 'ECMA-119 8.4.8' },
  });
}
