// Finds the volumes of a disc. The table below is the only list of file systems.
import { IsodriveError } from '../base/error.js';
import type { SectorReader } from '../disc/sector-reader.js';
import type { FileSystem, ProbeContext, Volume } from './file-system.js';
import { fatFileSystem } from './fat/probe.js';
import { hfsFileSystem } from './hfs/probe.js';
import { hfsPlusFileSystem } from './hfsplus/probe.js';
import { isoFileSystem } from './iso9660/probe.js';
import { udfFileSystem } from './udf/probe.js';

export const FILE_SYSTEMS: readonly FileSystem[] = [
  isoFileSystem,
  udfFileSystem,
  hfsPlusFileSystem,
  hfsFileSystem,
  fatFileSystem,
];

/** What costs one file system and not the disc: another one may stand beside it. */
const FAULTS = ['unsupported', 'damaged', 'image-unreadable'];

/**
 * Every volume that can be used, in the order of the table; at least one. One that is damaged or lies on bad sectors,
 * beside a good one, is a finding. Rejects with the error that says most when none can be used, and as ByteSource.read
 * does.
 */
export async function probeVolumes(reader: SectorReader, context: ProbeContext): Promise<Volume[]> {
  const { volumes, errors } = await probeAll(reader, context);
  if (volumes.length === 0) {
    const found = await probeAll(reader, { ...context, isLastResort: true });
    if (found.volumes.length > 0) return found.volumes;
  }
  // "Not here" is what all but one say of most discs.
  const faults = errors.filter(({ code }) => code !== 'unsupported');
  if (volumes.length === 0) throw faults[0] ?? errors[0] ?? new RangeError('No file system to look for');
  for (const { code, message, at } of faults) {
    context.report({
      code: code === 'damaged' ? 'damaged-volume' : 'unreadable-volume',
      severity: code === 'damaged' ? 'damage' : 'note',
      message,
      at: at ?? { source: reader.name },
    });
  }
  return volumes;
}

async function probeAll(
  reader: SectorReader,
  context: ProbeContext,
): Promise<{ volumes: Volume[]; errors: IsodriveError[] }> {
  const volumes: Volume[] = [];
  const errors: IsodriveError[] = [];
  for (const fileSystem of FILE_SYSTEMS) {
    try {
      volumes.push(await fileSystem.probe(reader, context));
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || !FAULTS.includes(thrown.code)) throw thrown;
      errors.push(thrown);
    }
  }
  return { volumes, errors };
}
