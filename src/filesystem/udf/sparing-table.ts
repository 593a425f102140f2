// The sparing table (UDF 2.2.12): which packets of a sparable partition are kept elsewhere.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readIfPossible } from '../../source/read-fully.js';
import { readEntityIdentifier } from './fields.js';
import { checkTag } from './tag.js';
import type { UdfFindings } from './udf-findings.js';

const IDENTIFIER = '*UDF Sparing Table';
const HEADER_BYTES = 56;
/** Bytes of a table that are read: 65,535 entries of 8 bytes fit (its count has 16 bits). */
const MAX_TABLE_BYTES = 1_048_576;
/** From here on an original location stands for a packet that is free or bad. */
const FIRST_SPECIAL = 0xffff_fff0;

/**
 * Reads the newest good one of the copies at `tables` (sectors); packets by the number of their first block, and the
 * sectors where they are kept. Rejects with `damaged` when no copy is good.
 */
export async function readSparingTable(
  reader: DataStream,
  sectorSize: number,
  tables: readonly number[],
  tableSize: number,
  findings: UdfFindings,
  signal?: AbortSignal,
): Promise<Map<number, number>> {
  let best: { sequence: number; packets: Map<number, number> } | undefined;
  for (const sector of tables) {
    const offset = sector * sectorSize;
    const length = Math.max(sectorSize, Math.min(tableSize, MAX_TABLE_BYTES));
    const cursor = new ByteCursor(await readIfPossible(reader, offset, length, signal), reader.name, offset);
    const table = parseSparingTable(cursor, sector);
    if (table === undefined) findings.copyUsed('Sparing table', offset);
    else if (best === undefined || table.sequence > best.sequence) best = table;
  }
  if (best !== undefined) return best.packets;
  throw new IsodriveError(
    'damaged',
    `Cannot read the sparing table of "${reader.name}": all ${tables.length} copies are damaged, expected a good one`,
    { at: { source: reader.name, offset: (tables[0] ?? 0) * sectorSize, clause: 'UDF 2.2.12' } },
  );
}

function parseSparingTable(
  cursor: ByteCursor,
  sector: number,
): { sequence: number; packets: Map<number, number> } | undefined {
  const fault = cursor.length < HEADER_BYTES ? 'none' : checkTag(cursor, sector);
  if (fault === 'none' || fault === 'crc') return undefined;
  // UDF 2.2.12: Sparing Identifier BP 16-47, Reallocation Table Length BP 48-49, Sequence Number BP 52-55.
  if (readEntityIdentifier(cursor, 16) !== IDENTIFIER) return undefined;
  const count = Math.min(cursor.u16le(48), Math.floor((cursor.length - HEADER_BYTES) / 8));
  const packets = new Map<number, number>();
  for (let index = 0; index < count; index += 1) {
    const original = cursor.u32le(HEADER_BYTES + index * 8);
    if (original < FIRST_SPECIAL) packets.set(original, cursor.u32le(HEADER_BYTES + index * 8 + 4));
  }
  return { sequence: cursor.u32le(52), packets };
}
