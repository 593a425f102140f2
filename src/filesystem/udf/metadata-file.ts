// The metadata file and its mirror (UDF 2.2.13): where the blocks of a metadata partition are.
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { Extent } from '../contract/file-tree.js';
import type { BlockAddress } from './fields.js';
import { FILE_TYPE } from './file-entry.js';
import { Icb } from './icb-reader.js';
import type { IcbReader } from './icb-reader.js';
import { MetadataPartition } from './partition/metadata-partition.js';
import { NO_BITMAP } from './partition-map.js';
import type { MetadataMap } from './partition-map.js';
import { readRuns } from './read-runs.js';
import { TAG, tagIdentifier } from './tag.js';
import type { UdfFindings } from './udf-findings.js';

/** Space bitmap descriptor (ECMA-167 4/14.12), up to its bits. */
const BITMAP_HEAD_BYTES = 24;

/**
 * Opens the partition whose files' entries stand in blocks of `partition`, as the map says. The file or its mirror will
 * do. Rejects with `damaged` when both are, and as ByteSource.read does.
 */
export async function openMetadataPartition(
  icbs: IcbReader,
  partition: number,
  { main, mirror, bitmap }: MetadataMap,
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
  const blocks = runs.reduce((sum, { length }) => sum + Math.ceil(length / blockSize), 0);
  if (bitmap !== NO_BITMAP)
    await checkBitmap(icbs, icb, { block: bitmap, partition }, blocks, findings, signal);
  return new MetadataPartition(runs, mainRuns === undefined ? undefined : mirrorRuns, blockSize);
}

/** What is free is of no use to a reader, but a bitmap that is not as it should be is a sign of damage. */
async function checkBitmap(
  icbs: IcbReader,
  icb: Icb,
  address: BlockAddress,
  blocks: number,
  findings: UdfFindings,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await readMetadataFile(icbs, icb, address, FILE_TYPE.metadataBitmap, signal);
    const head = new Uint8Array(BITMAP_HEAD_BYTES);
    const got = await readRuns(icbs.context.reader, icb.extents, 0, head, signal);
    const cursor = new ByteCursor(head.subarray(0, got), icbs.context.reader.name, icb.position);
    const bits = got < BITMAP_HEAD_BYTES ? 0 : cursor.u32le(16); // 4/14.12.2 Number Of Bits, BP 16-19
    if (got < BITMAP_HEAD_BYTES || tagIdentifier(cursor) !== TAG.spaceBitmap || bits !== blocks)
      findings.metadataBitmap(icb.position, `it has ${bits} bits, the metadata file ${blocks} blocks`);
  } catch (thrown) {
    const isFault = thrown instanceof IsodriveError && ['damaged', 'image-unreadable'].includes(thrown.code);
    if (!isFault) throw thrown;
    findings.metadataBitmap(Math.max(0, icbs.offsetOf(address)), thrown.message);
  }
}

async function readMetadataFile(
  icbs: IcbReader,
  icb: Icb,
  address: BlockAddress,
  type: number,
  signal: AbortSignal | undefined,
): Promise<readonly Extent[]> {
  await icbs.load(icb, address, signal);
  const { name } = icbs.context.reader;
  const { entry, extents } = icb;
  if (entry.fileType !== type || extents.size === 0 || icb.fault !== undefined) {
    const found = icb.fault ?? `its file type is ${entry.fileType} and it has ${countBytes(extents.size)}`;
    throw new IsodriveError(
      'damaged',
      `Cannot read the metadata file of "${name}": ${found}, expected file type ${type} and some bytes`,
      { at: { source: name, offset: icb.position, clause: 'UDF 2.2.13' } },
    );
  }
  return [...extents];
}
