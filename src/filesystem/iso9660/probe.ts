// Finds every tree of an ISO 9660 disc, without listing any.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { EmptyTree } from '../contract/empty-tree.js';
import type { FileSystem, ProbeContext, Volume } from '../contract/file-system.js';
import { HIGH_SIERRA_FLAGS } from './directory-record.js';
import { readBootCatalog } from './el-torito.js';
import type { BootEntry } from '../contract/boot-entry.js';
import { mergeIdentifiers } from './identifiers.js';
import { IsoTree } from './iso-tree.js';
import type { IsoTreeKind, IsoTreeOptions } from './iso-tree.js';
import { NameCharset } from '../../base/name-charset.js';
import { detectRockRidge } from './rock-ridge/detect.js';
import type { RockRidgePresence } from './rock-ridge/detect.js';
import { findIsoSessions } from './sessions.js';
import { readVolumeDescriptors } from './volume-descriptor-set.js';
import type { VolumeDescriptorSet } from './volume-descriptor-set.js';
import type { VolumeDescriptor } from './volume-descriptor.js';
import { summarizeBootDisc, summarizeVolume } from './summarize-volume.js';

export const isoFileSystem: FileSystem = {
  title: 'ISO 9660',
  probe: probeIsoVolume,
  findSessions: findIsoSessions,
};

/** What a tree can do without is a finding. */
async function probeIsoVolume(reader: DataStream, context: ProbeContext): Promise<Volume> {
  const { report, signal } = context;
  const start = context.sessionStart ?? 0;
  const charset = context.charset === undefined ? undefined : new NameCharset(context.charset);
  const set = await readVolumeDescriptors(reader, start, report, signal, charset);
  const bootEntries = await readBootEntries(reader, set, context);
  const { primary } = set;
  if (primary === undefined) {
    reportBootDisc(reader.name, report);
    return {
      trees: [new EmptyTree('iso9660')],
      summary: summarizeBootDisc(reader.size, set.hasUdf, bootEntries, set.bootCatalog),
    };
  }
  const isHighSierra = primary.records.flags === HIGH_SIERRA_FLAGS;
  const rockRidge = isHighSierra ? undefined : await detectRockRidge(reader, primary, signal);
  const { joliet } = set;
  const shown = joliet === undefined ? { primary, joliet: primary } : mergeIdentifiers(primary, joliet);
  const summary = summarizeVolume(shown.primary, primary, joliet, set.hasUdf, bootEntries, set.bootCatalog);
  if (rockRidge?.declared === true && !rockRidge.hasNames && joliet !== undefined) {
    report({
      code: 'rock-ridge-without-names',
      severity: 'note',
      message:
        'Names stand in Joliet alone, which goes before Rock Ridge; its modes are seen with --tree rock-ridge',
      at: { source: reader.name, offset: primary.rootOffset, clause: 'RRIP 4.1.4' },
    });
  }
  // A session's size counts from its own start.
  const end = start * SECTOR_SIZE + summary.size;
  if (end > reader.size) reportTruncation(reader, end, report);
  const create = (
    descriptor: VolumeDescriptor,
    kind: IsoTreeKind,
    more: Partial<IsoTreeOptions> = {},
  ): IsoTree =>
    new IsoTree(reader, descriptor, {
      kind,
      charset,
      label: (descriptor === joliet ? shown.joliet : shown.primary).volumeId,
      showAssociated: context.showAssociated ?? false,
      work: context.work,
      sectors: context.sectors,
      ...more,
    });
  const trees = createTrees(primary, set, rockRidge, create);
  const { rootOffset, rootSize } = primary;
  const isShell = rootOffset === 0 && rootSize === 0 && joliet === undefined && bootEntries.length === 0;
  return { trees, summary, ...(isShell ? { isShell } : {}) };
}

/** Best first: a Rock Ridge tree that the disc does not announce, or that has no names, stands behind Joliet. */
function createTrees(
  primary: VolumeDescriptor,
  { joliet, enhanced }: VolumeDescriptorSet,
  rockRidge: RockRidgePresence | undefined,
  create: (descriptor: VolumeDescriptor, kind: IsoTreeKind, more?: Partial<IsoTreeOptions>) => IsoTree,
): IsoTree[] {
  const trees: IsoTree[] = [];
  if (joliet !== undefined) trees.push(create(joliet, 'joliet'));
  if (rockRidge !== undefined) {
    const { skip, hasAttributes } = rockRidge;
    const tree = create(primary, 'rock-ridge', { skip, hasAttributes });
    if (rockRidge.declared && rockRidge.hasNames) trees.unshift(tree);
    else trees.push(tree);
  }
  if (enhanced !== undefined) trees.push(create(enhanced, 'iso9660-1999'));
  trees.push(create(primary, 'iso9660'));
  return trees;
}

/** The boot catalogue is no part of the file system: one that cannot be read costs the disc nothing. */
async function readBootEntries(
  reader: DataStream,
  { bootCatalog }: VolumeDescriptorSet,
  { report, signal }: ProbeContext,
): Promise<BootEntry[]> {
  if (bootCatalog === undefined) return [];
  try {
    return await readBootCatalog(reader, bootCatalog, report, signal);
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
    const { message, at } = thrown;
    report({ code: 'damaged-boot-catalog', severity: 'warning', message, at: at ?? { source: reader.name } });
    return [];
  }
}

function reportBootDisc(source: string, report: (finding: Finding) => void): void {
  report({
    code: 'no-file-system',
    severity: 'warning',
    message: 'Disc has boot images and no file system, it is shown as empty',
    at: { source, clause: 'El Torito 2' },
  });
}

function reportTruncation(reader: DataStream, expected: number, report: (finding: Finding) => void): void {
  report({
    code: 'truncated-image',
    severity: 'damage',
    message: `Image has ${countBytes(reader.size)}, expected ${expected}: it is truncated`,
    at: { source: reader.name, offset: reader.size, clause: 'ECMA-119 8.4.8' },
  });
}
