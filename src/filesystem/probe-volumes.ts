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

/**
 * Every volume that can be used, in the order of the table; at least one. A damaged one beside a good one is a
 * finding. Rejects with the first file system's error that says more than "not here" when none can be used, and as
 * ByteSource.read does.
 */
export async function probeVolumes(reader: SectorReader, context: ProbeContext): Promise<Volume[]> {
  const volumes: Volume[] = [];
  const errors: IsodriveError[] = [];
  for (const fileSystem of FILE_SYSTEMS) {
    try {
      volumes.push(await fileSystem.probe(reader, context));
    } catch (thrown) {
      const isFault = thrown instanceof IsodriveError && ['unsupported', 'damaged'].includes(thrown.code);
      if (!isFault) throw thrown;
      errors.push(thrown);
    }
  }
  const damaged = errors.filter(({ code }) => code === 'damaged');
  if (volumes.length === 0) throw damaged[0] ?? errors[0] ?? new RangeError('No file system to look for');
  for (const error of damaged) {
    const { message, at } = error;
    context.report({
      code: 'damaged-volume',
      severity: 'damage',
      message,
      at: at ?? { source: reader.name },
    });
  }
  return volumes;
}
