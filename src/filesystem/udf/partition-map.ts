// Partition maps (ECMA-167 3/10.7, UDF 2.2.8 to 2.2.10): how the blocks of a logical volume are found in partitions.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import { readEntityIdentifier } from './fields.js';

/** A logical volume has one or two; three with a virtual or metadata partition beside two others. */
export const MAX_PARTITION_MAPS = 16;
const MAX_SPARING_TABLES = 4;
const TYPE_1_BYTES = 6;
const TYPE_2_BYTES = 64;

/** Stands for the place of a metadata bitmap that there is none. */
export const NO_BITMAP = 0xffff_ffff;

export type PartitionMap =
  | { readonly kind: 'physical' | 'virtual'; readonly number: number }
  | {
      readonly kind: 'sparable';
      readonly number: number;
      /** Blocks of a packet. */
      readonly packetLength: number;
      /** Bytes. */
      readonly tableSize: number;
      /** Sectors of the copies of the sparing table. */
      readonly tables: readonly number[];
    }
  | MetadataMap;

export interface MetadataMap {
  readonly kind: 'metadata';
  readonly number: number;
  /** Blocks, in the partition that it lies in, of the file entries of the metadata file and its mirror. */
  readonly main: number;
  readonly mirror: number;
  /** That of the file which says what of the metadata file is free; NO_BITMAP on media that are not written to. */
  readonly bitmap: number;
}

/** The maps from `offset` on. Throws `damaged` where they do not fit, and for a kind that UDF has not. */
export function parsePartitionMaps(
  cursor: ByteCursor,
  offset: number,
  tableLength: number,
  count: number,
): PartitionMap[] {
  if (count > MAX_PARTITION_MAPS || offset + tableLength > cursor.length) throw refuseTable(cursor, count);
  const maps: PartitionMap[] = [];
  let at = offset;
  while (maps.length < count) {
    const length = cursor.u8(at + 1); // 3/10.7.1.2 Partition Map Length
    if (length < TYPE_1_BYTES || at + length > offset + tableLength) throw refuseTable(cursor, count);
    maps.push(parseMap(cursor, at, length));
    at += length;
  }
  return maps;
}

function parseMap(cursor: ByteCursor, at: number, length: number): PartitionMap {
  const type = cursor.u8(at); // 3/10.7.1.1 Partition Map Type
  if (type === 1) return { kind: 'physical', number: cursor.u16le(at + 4) }; // 3/10.7.2.4 Partition Number
  const identifier = type === 2 && length >= TYPE_2_BYTES ? readEntityIdentifier(cursor, at + 4) : '';
  const number = cursor.u16le(at + 38); // UDF 2.2.8 Partition Number
  switch (identifier) {
    case '*UDF Virtual Partition':
      return { kind: 'virtual', number };
    case '*UDF Sparable Partition':
      return { kind: 'sparable', number, ...parseSparing(cursor, at) };
    case '*UDF Metadata Partition':
      return { kind: 'metadata', number, ...parseMetadata(cursor, at) };
    default:
      throw refuseKind(cursor, at, type, identifier);
  }
}

/** UDF 2.2.10: locations of the metadata file BP 40-43, its mirror BP 44-47, its bitmap BP 48-51. */
function parseMetadata(cursor: ByteCursor, at: number): { main: number; mirror: number; bitmap: number } {
  return { main: cursor.u32le(at + 40), mirror: cursor.u32le(at + 44), bitmap: cursor.u32le(at + 48) };
}

/** UDF 2.2.9: Packet Length BP 40-41, Number of Sparing Tables BP 42, Size BP 44-47, Locations BP 48 on. */
function parseSparing(
  cursor: ByteCursor,
  at: number,
): { packetLength: number; tableSize: number; tables: number[] } {
  const count = Math.min(cursor.u8(at + 42), MAX_SPARING_TABLES);
  const tables = Array.from({ length: count }, (_, index) => cursor.u32le(at + 48 + index * 4));
  return { packetLength: cursor.u16le(at + 40), tableSize: cursor.u32le(at + 44), tables };
}

function refuseTable(cursor: ByteCursor, count: number): IsodriveError {
  return new IsodriveError(
    'damaged',
    `Cannot read the partition maps of "${cursor.sourceName}": ${count} of them do not fit in their table, ` +
      `expected at most ${MAX_PARTITION_MAPS}`,
    { at: { source: cursor.sourceName, offset: cursor.offsetInSource(264), clause: 'ECMA-167 3/10.6.8' } },
  );
}

function refuseKind(cursor: ByteCursor, at: number, type: number, identifier: string): IsodriveError {
  return new IsodriveError(
    'damaged',
    `Cannot read the partition maps of "${cursor.sourceName}": found type ${type} "${identifier}", ` +
      `expected a physical, virtual, sparable or metadata partition`,
    { at: { source: cursor.sourceName, offset: cursor.offsetInSource(at), clause: 'UDF 2.2.4.5' } },
  );
}
