// The path table (ECMA-119 6.9, 9.4): every directory of the volume with its parent, apart from the directories
// themselves. A second source for where directories lie when the first is damaged; it knows no files.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';
import { HIGH_SIERRA_FLAGS } from './directory-record.js';
import type { VolumeDescriptor } from './volume-descriptor.js';

/** Bytes of a table that are read: enough for the 65,535 directories that its numbers can name. */
export const MAX_PATH_TABLE_BYTES = 4_194_304;
/** Directories of a table; their numbers have 16 bits. */
export const MAX_PATH_TABLE_RECORDS = 65_535;
/** Bytes before the name of a record. */
const HEADER_BYTES = 8;

export interface PathTableRecord {
  /** Byte offset of the directory's extent. */
  readonly offset: number;
  /** Directory identifier as recorded. */
  readonly name: Uint8Array;
  /** Number of the parent, from 1. */
  readonly parent: number;
}

/** Record offsets; High Sierra has the extent first. */
interface Layout {
  readonly nameLength: number;
  readonly extendedAttributes: number;
  readonly extent: number;
}

const ISO_LAYOUT: Layout = { nameLength: 0, extendedAttributes: 1, extent: 2 };
const HIGH_SIERRA_LAYOUT: Layout = { nameLength: 5, extendedAttributes: 4, extent: 0 };

/** The records of a table by what they are looked for. */
export class PathTable {
  readonly #numbers = new Map<number, number>();
  readonly #children = new Map<number, PathTableRecord[]>();

  /** Record n has number n + 1. */
  constructor(records: readonly PathTableRecord[]) {
    for (const [index, record] of records.entries()) {
      if (!this.#numbers.has(record.offset)) this.#numbers.set(record.offset, index + 1);
      // The root is its own parent.
      if (record.parent === index + 1) continue;
      const siblings = this.#children.get(record.parent);
      if (siblings === undefined) this.#children.set(record.parent, [record]);
      else siblings.push(record);
    }
  }

  /** Directories of the one whose extent starts at byte `offset`. */
  childrenOf(offset: number): readonly PathTableRecord[] {
    const number = this.#numbers.get(offset);
    return number === undefined ? [] : (this.#children.get(number) ?? []);
  }
}

/**
 * Records of the first table whose root is the volume's, that of little-endian numbers first; empty when neither can
 * be used. Rejects with `cancelled` only.
 */
export async function readPathTable(
  reader: DataStream,
  descriptor: VolumeDescriptor,
  signal?: AbortSignal,
): Promise<readonly PathTableRecord[]> {
  const { pathTable, blockSize, rootOffset, records: format } = descriptor;
  const { size, littleOffset, bigOffset } = pathTable;
  const layout = format.flags === HIGH_SIERRA_FLAGS ? HIGH_SIERRA_LAYOUT : ISO_LAYOUT;
  const places: [number | undefined, boolean][] = [
    [littleOffset, true],
    [bigOffset, false],
  ];
  for (const [offset, isLittle] of places) {
    if (offset === undefined || offset === 0) continue;
    const records = await readTable(reader, { offset, size, blockSize }, layout, isLittle, signal);
    if (records[0]?.offset === rootOffset) return records;
  }
  return [];
}

/** A table of one byte order: byte offset and bytes, and bytes of a logical block. */
export interface TablePlace {
  readonly offset: number;
  readonly size: number;
  readonly blockSize: number;
}

/** Records of a table of big-endian numbers; empty when it cannot be used. Rejects with `cancelled` only. */
export function readBigPathTable(
  reader: DataStream,
  place: TablePlace,
  signal?: AbortSignal,
): Promise<readonly PathTableRecord[]> {
  return readTable(reader, place, ISO_LAYOUT, false, signal);
}

async function readTable(
  reader: DataStream,
  { offset, size, blockSize }: TablePlace,
  layout: Layout,
  isLittle: boolean,
  signal: AbortSignal | undefined,
): Promise<PathTableRecord[]> {
  try {
    const bytes = await readAtMost(reader, offset, Math.min(size, MAX_PATH_TABLE_BYTES), signal);
    return parsePathTable(new ByteCursor(bytes, reader.name, offset), blockSize, layout, isLittle);
  } catch (thrown) {
    // It is a second source only: what is wrong with the first has been met already.
    if (thrown instanceof IsodriveError && thrown.code !== 'cancelled') return [];
    throw thrown;
  }
}

function parsePathTable(
  cursor: ByteCursor,
  blockSize: number,
  layout: Layout,
  isLittle: boolean,
): PathTableRecord[] {
  const records: PathTableRecord[] = [];
  for (let at = 0; at + HEADER_BYTES < cursor.length && records.length < MAX_PATH_TABLE_RECORDS;) {
    const nameLength = cursor.u8(at + layout.nameLength); // 9.4.1 Length of Directory Identifier
    if (nameLength === 0 || at + HEADER_BYTES + nameLength > cursor.length) break;
    const extent = isLittle ? cursor.u32le(at + layout.extent) : cursor.u32be(at + layout.extent); // 9.4.3
    records.push({
      offset: (extent + cursor.u8(at + layout.extendedAttributes)) * blockSize, // 9.4.2
      parent: isLittle ? cursor.u16le(at + 6) : cursor.u16be(at + 6), // 9.4.4 Parent Directory Number
      name: cursor.slice(at + HEADER_BYTES, nameLength).slice(), // 9.4.5
    });
    at += HEADER_BYTES + nameLength + (nameLength & 1);
  }
  return records;
}
