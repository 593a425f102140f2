// The metadata file and its mirror (UDF 2.2.13): where the blocks of a metadata partition are.
import { IsodriveError } from '../../base/error.js';
import type { Extent } from '../file-tree.js';
import { FILE_TYPE } from './file-entry.js';
import { Icb } from './icb-reader.js';
import type { IcbReader } from './icb-reader.js';
import { MetadataPartition } from './partition/metadata-partition.js';
import type { UdfFindings } from './udf-findings.js';

/**
 * Opens the partition whose files' entries stand in blocks `main` and `mirror` of `partition`. One of the two will do.
 * Rejects with `damaged` when both are, and as ByteSource.read does.
 */
export async function openMetadataPartition(
  icbs: IcbReader,
  partition: number,
  main: number,
  mirror: number,
  findings: UdfFindings,
  signal?: AbortSignal,
): Promise<MetadataPartition> {
  const { reader, blockSize } = icbs.context;
  const icb = new Icb(reader.name);
  const errors: IsodriveError[] = [];
  const read = async (block: number, type: number): Promise<readonly Extent[] | undefined> => {
    try {
      return await readMetadataFile(icbs, icb, { block, partition }, type, signal);
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
      errors.push(thrown);
      return undefined;
    }
  };
  const mainRuns = await read(main, FILE_TYPE.metadata);
  const mirrorRuns = await read(mirror, FILE_TYPE.metadataMirror);
  if (errors.length > 0 && (mainRuns ?? mirrorRuns) !== undefined) {
    const what = mainRuns === undefined ? 'Metadata file' : 'Metadata mirror file';
    const offset = icbs.offsetOf({ block: mainRuns === undefined ? main : mirror, partition });
    findings.copyUsed(what, Math.max(0, offset));
  }
  const runs = mainRuns ?? mirrorRuns;
  if (runs === undefined) throw errors[0] ?? new RangeError('No metadata file and no error');
  return new MetadataPartition(runs, mainRuns === undefined ? undefined : mirrorRuns, blockSize);
}

async function readMetadataFile(
  icbs: IcbReader,
  icb: Icb,
  address: { block: number; partition: number },
  type: number,
  signal: AbortSignal | undefined,
): Promise<readonly Extent[]> {
  await icbs.load(icb, address, signal);
  const { name } = icbs.context.reader;
  const { entry, extents } = icb;
  if (entry.fileType !== type || extents.size === 0 || icb.fault !== undefined) {
    const found = icb.fault ?? `its file type is ${entry.fileType} and it has ${extents.size} bytes`;
    throw new IsodriveError(
      'damaged',
      `Cannot read the metadata file of "${name}": ${found}, expected file type ${type} and some bytes`,
      { at: { source: name, offset: icb.position, clause: 'UDF 2.2.13' } },
    );
  }
  return extents.runs.slice();
}
