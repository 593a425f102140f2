// The virtual allocation table (UDF 1.50 2.2.10, UDF 2.2.11): found at the end of what is recorded, it says where the
// blocks of a virtual partition are.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';
import { FILE_TYPE } from './file-entry.js';
import { readEntityIdentifier } from './fields.js';
import { Icb } from './icb-reader.js';
import type { IcbReader } from './icb-reader.js';
import { readRuns } from './read-runs.js';
import { TAG, tagIdentifier } from './tag.js';

/** Blocks from the end of the image on back in which the table is looked for; drives add up to 150 run-out blocks. */
export const SEARCHED_BLOCKS = 1024;
/** Entries: a block each, and only those of directories and file entries have one. */
export const MAX_TABLE_ENTRIES = 4_194_304;
/** Bytes of a file entry, up to its type. */
const HEAD_BYTES = 28;
const IDENTIFIER = '*UDF Virtual Alloc Tbl';
/** UDF 1.50: an entity identifier and the previous table's place stand behind the entries. */
const TRAILER_BYTES = 36;
/** UDF 2.00: the fixed part of the header before them. */
const HEADER_BYTES = 152;

/**
 * Reads the last table there is before sector `end`. `partition`: reference number of the partition that holds it,
 * `start` its first sector. Rejects with `damaged` when there is none, and as ByteSource.read does.
 */
export async function readVirtualAllocationTable(
  icbs: IcbReader,
  partition: number,
  start: number,
  end: number,
  signal?: AbortSignal,
): Promise<Uint32Array> {
  const { reader, blockSize } = icbs.context;
  const icb = new Icb(reader.name);
  for (let before = end; ;) {
    const candidate = await findCandidate(reader, blockSize, before, end, signal);
    if (candidate === undefined || candidate.sector < start) break;
    before = candidate.sector;
    const block = candidate.sector - start;
    const table = await readTable(icbs, icb, { block, partition }, signal);
    if (table !== undefined) return table;
  }
  throw new IsodriveError(
    'damaged',
    `Cannot find the virtual allocation table of "${reader.name}": none in the last ${SEARCHED_BLOCKS} blocks, ` +
      `expected one at the end of what is recorded`,
    { at: { source: reader.name, clause: 'UDF 2.2.11' } },
  );
}

/** Where a table's file entry stands: its sector, and the block that its tag says. */
export interface TablePlace {
  readonly sector: number;
  readonly block: number;
}

/**
 * The last file entry before sector `end` that may be a table's; undefined where there is none. Rejects as
 * ByteSource.read does.
 */
export async function findLastTable(
  reader: DataStream,
  sectorSize: number,
  end: number,
  signal?: AbortSignal,
): Promise<TablePlace | undefined> {
  return findCandidate(reader, sectorSize, end, end, signal);
}

/** Looks, from sector `before` on back, at the few bytes that tell a table's file entry from everything else. */
async function findCandidate(
  reader: DataStream,
  sectorSize: number,
  before: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<TablePlace | undefined> {
  for (let sector = before - 1; sector >= Math.max(0, end - SEARCHED_BLOCKS); sector -= 1) {
    const head = await readAtMost(reader, sector * sectorSize, HEAD_BYTES, signal);
    if (head.length < HEAD_BYTES) continue;
    const cursor = new ByteCursor(head, reader.name, sector * sectorSize);
    const tag = tagIdentifier(cursor);
    const type = cursor.u8(27); // 4/14.6.6 File Type
    const isTable = type === FILE_TYPE.virtualTable || type === FILE_TYPE.unspecified;
    if (isTable && (tag === TAG.fileEntry || tag === TAG.extendedFileEntry)) {
      return { sector, block: cursor.u32le(12) }; // 3/7.2.8 Tag Location, BP 12-15
    }
  }
  return undefined;
}

/** The table of a file entry; undefined when that has none. */
async function readTable(
  icbs: IcbReader,
  icb: Icb,
  address: { block: number; partition: number },
  signal: AbortSignal | undefined,
): Promise<Uint32Array | undefined> {
  try {
    await icbs.load(icb, address, signal);
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code !== 'damaged') throw thrown;
    return undefined;
  }
  const size = Math.min(icb.entry.size, icb.extents.size);
  if (size > MAX_TABLE_ENTRIES * 4 + HEADER_BYTES) return undefined;
  const bytes = new Uint8Array(size);
  const got = await readRuns(icbs.context.reader, icb.extents, 0, bytes, signal);
  const cursor = new ByteCursor(bytes.subarray(0, got), icbs.context.reader.name, icb.position);
  if (icb.entry.fileType !== FILE_TYPE.virtualTable) {
    const trailer = cursor.length - TRAILER_BYTES;
    if (trailer < 0 || readEntityIdentifier(cursor, trailer) !== IDENTIFIER) return undefined;
    return readEntries(cursor, 0, trailer);
  }
  if (cursor.length < HEADER_BYTES) return undefined;
  const header = cursor.u16le(0); // UDF 2.2.11 Length of Header, BP 0-1
  return header < HEADER_BYTES || header > cursor.length
    ? undefined
    : readEntries(cursor, header, cursor.length);
}

function readEntries(cursor: ByteCursor, start: number, end: number): Uint32Array {
  const table = new Uint32Array(Math.floor((end - start) / 4));
  for (let index = 0; index < table.length; index += 1) table[index] = cursor.u32le(start + index * 4);
  return table;
}
