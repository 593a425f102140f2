// Finds the volumes of a disc. The table below is the only list of file systems.
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { FileSystem, ProbeContext, Volume } from '../contract/file-system.js';
import { cdiFileSystem } from '../cd-i/probe.js';
import { fatFileSystem } from '../fat/probe.js';
import { hfsFileSystem } from '../hfs/probe.js';
import { hfsPlusFileSystem } from '../hfsplus/probe.js';
import { isoFileSystem } from '../iso9660/probe.js';
import { operaFileSystem } from '../opera/probe.js';
import { udfFileSystem } from '../udf/probe.js';
import { xdvdfsFileSystem } from '../xdvdfs/probe.js';

export const FILE_SYSTEMS: readonly FileSystem[] = [
  xdvdfsFileSystem,
  isoFileSystem,
  udfFileSystem,
  hfsPlusFileSystem,
  hfsFileSystem,
  operaFileSystem,
  cdiFileSystem,
  fatFileSystem,
];

/** What costs one file system and not the disc: another one may stand beside it. */
const FAULTS = ['unsupported', 'damaged', 'image-unreadable'];

/**
 * Every volume that can be used, in the order of the table; at least one. Where the disc holds none by itself, its
 * partitions are looked into. One that is damaged or lies on bad sectors, beside a good one, is a finding. Rejects
 * with the error that says most when none can be used, and as ByteSource.read does.
 */
export async function probeVolumes(reader: DataStream, context: ProbeContext): Promise<Volume[]> {
  const errors: IsodriveError[] = [];
  const found = await collect(errors, (fileSystem) => fileSystem.probe(reader, context));
  const real = found.filter(({ isShell }) => isShell !== true);
  const volumes = real.length > 0 ? real : found;
  const { partitions = [] } = context;
  if (volumes.length === 0 && partitions.length > 0) {
    volumes.push(...(await collect(errors, (one) => one.probePartitions?.(reader, context))));
  }
  if (volumes.length === 0) {
    const last = await collect([], (one) => one.probe(reader, { ...context, isLastResort: true }));
    if (last.length > 0) return last;
  }
  // "Not here" is what all but one say of most discs.
  const faults = errors.filter(({ code }) => code !== 'unsupported');
  if (volumes.length === 0) throw faults[0] ?? refuse(reader, partitions.length, errors);
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

/** What `look` gives for the file systems of the table; their faults go to `errors`. */
async function collect(
  errors: IsodriveError[],
  look: (fileSystem: FileSystem) => Promise<Volume | undefined> | undefined,
): Promise<Volume[]> {
  const volumes: Volume[] = [];
  for (const fileSystem of FILE_SYSTEMS) {
    try {
      const volume = await look(fileSystem);
      if (volume !== undefined) volumes.push(volume);
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || !FAULTS.includes(thrown.code)) throw thrown;
      errors.push(thrown);
    }
  }
  return volumes;
}

/** A format with a standard says most: what it found where its descriptors have to be. */
function refuse(reader: DataStream, partitions: number, errors: readonly IsodriveError[]): IsodriveError {
  const first = errors.find(({ at }) => at?.clause !== undefined) ?? errors[0];
  const names = FILE_SYSTEMS.map(({ title }) => title).join(', ');
  if (partitions === 0) {
    return new IsodriveError(
      'unsupported',
      `Cannot read "${reader.name}" as any of ${names}: ${first?.message ?? 'it holds none'}`,
      { at: first?.at ?? { source: reader.name }, cause: first },
    );
  }
  return new IsodriveError(
    'unsupported',
    `Cannot read "${reader.name}": none of its ${partitions} partitions holds a file system that is read here, ` +
      `expected one of ${names}`,
    { at: { source: reader.name }, action: 'Use a program for hard disk images' },
  );
}
