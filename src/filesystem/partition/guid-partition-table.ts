// The GUID partition table (UEFI Specification 2.10, 5.3): a header in sector 1 and its copy, which stands in the last
// sector, or where the header says when the image was made longer afterwards.
import { crc32 } from 'node:zlib';
import { ByteCursor } from '../../base/byte-cursor.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readIfPossible } from '../../source/read-fully.js';
import { PARTITION_SECTOR } from '../contract/partition.js';
import type { Partition } from '../contract/partition.js';

/** Entries looked at; tables have 128, those of xorriso 248. */
export const MAX_GPT_ENTRIES = 1024;
const MIN_ENTRY_BYTES = 128;
export const MAX_ENTRY_BYTES = 4096;
const MIN_HEADER_BYTES = 92;
const SIGNATURE = 'EFI PART';
const UNUSED = '00000000-0000-0000-0000-000000000000';
const CLAUSE = 'UEFI 5.3';

interface Header {
  readonly position: number;
  /** Byte offset of the other header. */
  readonly other: number;
  readonly entries: number;
  readonly count: number;
  readonly entrySize: number;
  readonly entriesChecksum: number;
  readonly isValid: boolean;
}

type Report = (finding: Finding) => void;

/** Partitions of the first header that is whole, or of a damaged one when neither is; none without any header. */
export async function readGuidPartitions(
  reader: DataStream,
  report: Report,
  signal?: AbortSignal,
): Promise<Partition[]> {
  const primary = await readHeader(reader, PARTITION_SECTOR, signal);
  // Without a header in front there is no reason to look for its copy at the far end of every disc.
  if (primary === undefined) return [];
  const lastSector = reader.size - (reader.size % PARTITION_SECTOR) - PARTITION_SECTOR;
  const backupAt = primary.other >= reader.size ? lastSector : primary.other;
  const backup = await readHeader(reader, backupAt, signal);
  if (!primary.isValid) complain(reader, report, 'header-checksum', primary.position, 'Header of the GPT');
  if (backup === undefined) {
    complain(reader, report, 'missing-backup', backupAt, 'Second header of the GPT', 'is not there');
  } else if (!backup.isValid)
    complain(reader, report, 'header-checksum', backupAt, 'Second header of the GPT');
  const tables: Uint8Array[] = [];
  for (const header of [primary, backup]) {
    if (header === undefined) continue;
    const table = await readTable(reader, header, signal);
    const isWhole = header.isValid && crc32(table) === header.entriesChecksum;
    if (header.isValid && !isWhole) {
      complain(reader, report, 'entries-checksum', header.entries, 'Entries of the GPT');
    }
    if (isWhole) return parseTable(reader, table, header);
    tables.push(table);
  }
  return parseTable(reader, tables[0]!, primary);
}

async function readHeader(
  reader: DataStream,
  position: number,
  signal: AbortSignal | undefined,
): Promise<Header | undefined> {
  const bytes = await readIfPossible(reader, position, PARTITION_SECTOR, signal);
  const cursor = new ByteCursor(bytes, reader.name, position);
  if (cursor.length < PARTITION_SECTOR || cursor.text(0, 8) !== SIGNATURE) return undefined;
  const headerSize = cursor.u32le(12); // HeaderSize, offset 12
  // A signature alone is no header: whatever stands in the system area of a disc may have it.
  if (headerSize < MIN_HEADER_BYTES || headerSize > PARTITION_SECTOR) return undefined;
  const checked = bytes.slice(0, headerSize);
  checked.fill(0, 16, 20);
  return {
    position,
    isValid: crc32(checked) === cursor.u32le(16), // HeaderCRC32, offset 16
    other: cursor.u64le(32) * PARTITION_SECTOR, // AlternateLBA, offset 32
    entries: cursor.u64le(72) * PARTITION_SECTOR, // PartitionEntryLBA, offset 72
    count: Math.min(cursor.u32le(80), MAX_GPT_ENTRIES), // NumberOfPartitionEntries, offset 80
    entrySize: cursor.u32le(84), // SizeOfPartitionEntry, offset 84
    entriesChecksum: cursor.u32le(88), // PartitionEntryArrayCRC32, offset 88
  };
}

async function readTable(
  reader: DataStream,
  { entries, count, entrySize }: Header,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (entrySize < MIN_ENTRY_BYTES || entrySize > MAX_ENTRY_BYTES) return new Uint8Array();
  return readIfPossible(reader, entries, count * entrySize, signal);
}

function parseTable(reader: DataStream, table: Uint8Array, header: Header): Partition[] {
  const partitions: Partition[] = [];
  const cursor = new ByteCursor(table, reader.name, header.entries);
  for (let i = 0; (i + 1) * header.entrySize <= table.length; i += 1) {
    cursor.moveTo(i * header.entrySize, header.entrySize);
    const type = readGuid(cursor, 0); // PartitionTypeGUID, offset 0
    const first = cursor.u64le(32); // StartingLBA, offset 32
    const last = cursor.u64le(40); // EndingLBA, offset 40
    if (type === UNUSED || last < first || last > Number.MAX_SAFE_INTEGER / PARTITION_SECTOR) continue;
    partitions.push({
      scheme: 'gpt',
      index: i + 1,
      type,
      name: readName(cursor),
      start: first * PARTITION_SECTOR,
      length: (last - first + 1) * PARTITION_SECTOR,
    });
  }
  return partitions;
}

/** PartitionName, offset 56: 36 units of UTF-16, up to a NUL. */
function readName(cursor: ByteCursor): string {
  let name = '';
  for (let at = 56; at < MIN_ENTRY_BYTES; at += 2) {
    const unit = cursor.u16le(at);
    if (unit === 0) break;
    name += String.fromCharCode(unit);
  }
  return name;
}

/** UEFI appendix A: the first three fields are little-endian. */
function readGuid(cursor: ByteCursor, at: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const tail = Buffer.from(cursor.slice(at + 8, 8)).toString('hex');
  const head = [hex(cursor.u32le(at), 8), hex(cursor.u16le(at + 4), 4), hex(cursor.u16le(at + 6), 4)];
  return [...head, tail.slice(0, 4), tail.slice(4)].join('-').toUpperCase();
}

function complain(
  reader: DataStream,
  report: Report,
  what: string,
  offset: number,
  subject: string,
  fault = 'has a wrong checksum',
): void {
  report({
    code: `gpt-${what}`,
    severity: 'note',
    message: `${subject} ${fault}`,
    at: { source: reader.name, offset, clause: CLAUSE },
  });
}
