// The records of one XDVDFS directory: a binary tree by name, whose nodes point to one another by their places in the
// table. Pure: bytes in, records out. Source: public descriptions by the community, see volume-descriptor.ts.
import { ByteCursor } from '../../base/byte-cursor.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';

/** Places are counted in units of 4 bytes, with 16 bits: no tree reaches farther. */
const UNIT_BYTES = 4;
export const MAX_TABLE_BYTES = 0x1_0000 * UNIT_BYTES;
/** Bytes before the name. */
const HEADER_BYTES = 14;
/** A child that is not there; 0 says so too, as the root is nobody's child. */
const NO_CHILD = 0xffff;
const ATTRIBUTE_DIRECTORY = 0x10;
/** Bits of the attributes that no record has. */
const UNUSED_ATTRIBUTES = 0x48;
const BLANK = 0x20;
const SLASH = 0x2f;

export interface DirectoryRecord {
  /** Byte offset in the table. */
  readonly at: number;
  /** Byte offsets in the table of its children, undefined for none. */
  readonly left: number | undefined;
  readonly right: number | undefined;
  /** Counted from the start of the partition. */
  readonly sector: number;
  /** Bytes. */
  readonly size: number;
  readonly isDirectory: boolean;
  /** A view of the table's bytes. */
  readonly name: Uint8Array;
}

/** What a walk through a table met. */
export interface TableListing {
  /** In the order of the tree, and behind them those that it does not reach. */
  readonly records: readonly DirectoryRecord[];
  /** How many of the records the tree does not reach. */
  readonly unreached: number;
  /** Byte offsets in the table that are pointed to and hold no record. */
  readonly broken: readonly number[];
  /** Byte offset of a record to which a second pointer leads; undefined where none does. */
  readonly loop: number | undefined;
}

/**
 * Every record of a table, each once whatever the pointers say. Some pressed discs have records that their tree does
 * not reach, so the table is read from its start to its end as well. `fits`: whether the image can hold what a
 * record describes, by which such a record is told from padding.
 */
export function listTable(
  table: Uint8Array,
  sourceName: string,
  fits: (record: DirectoryRecord) => boolean,
): TableListing {
  const cursor = new ByteCursor(table, sourceName, 0);
  const reached = new Map<number, DirectoryRecord>();
  const records: DirectoryRecord[] = [];
  const broken: number[] = [];
  let loop: number | undefined;
  const ancestors: DirectoryRecord[] = [];
  let next: number | undefined = isPadding(table) ? undefined : 0;
  while (next !== undefined || ancestors.length > 0) {
    const record: DirectoryRecord | undefined =
      next === undefined || reached.has(next) ? undefined : readRecord(cursor, next);
    if (record !== undefined) {
      reached.set(record.at, record);
      ancestors.push(record);
      next = record.left;
      continue;
    }
    if (next !== undefined && reached.has(next)) loop ??= next;
    else if (next !== undefined) broken.push(next);
    const parent: DirectoryRecord | undefined = ancestors.pop();
    if (parent !== undefined) records.push(parent);
    next = parent?.right;
  }
  const unreached = findUnreached(cursor, reached, fits);
  return { records: [...records, ...unreached], unreached: unreached.length, broken, loop };
}

/** A directory without entries: nothing, zeros, or what fills sectors up. */
function isPadding(table: Uint8Array): boolean {
  const head = table.subarray(0, HEADER_BYTES);
  return head.every((byte) => byte === 0xff) || head.every((byte) => byte === 0);
}

function readRecord(cursor: ByteCursor, at: number): DirectoryRecord | undefined {
  if (at + HEADER_BYTES > cursor.length) return undefined;
  const nameLength = cursor.u8(at + 13); // bytes of the name, offset 13
  if (nameLength === 0 || at + HEADER_BYTES + nameLength > cursor.length) return undefined;
  return {
    at,
    left: toOffset(cursor.u16le(at)), // left child, offset 0
    right: toOffset(cursor.u16le(at + 2)), // right child, offset 2
    sector: cursor.u32le(at + 4), // first sector, offset 4
    size: cursor.u32le(at + 8), // bytes, offset 8
    isDirectory: (cursor.u8(at + 12) & ATTRIBUTE_DIRECTORY) !== 0, // attributes, offset 12
    name: cursor.slice(at + HEADER_BYTES, nameLength),
  };
}

function toOffset(child: number): number | undefined {
  return child === 0 || child === NO_CHILD ? undefined : child * UNIT_BYTES;
}

function findUnreached(
  cursor: ByteCursor,
  reached: ReadonlyMap<number, DirectoryRecord>,
  fits: (record: DirectoryRecord) => boolean,
): DirectoryRecord[] {
  const found: DirectoryRecord[] = [];
  for (let at = 0; at < cursor.length;) {
    const known = reached.get(at);
    const record = known ?? readRecord(cursor, at);
    if (record === undefined || (known === undefined && !(isPlausible(cursor, record) && fits(record)))) {
      // What is left of a sector behind its last record is padding.
      at += SECTOR_SIZE - (at % SECTOR_SIZE);
      continue;
    }
    if (known === undefined) found.push(record);
    const end = at + HEADER_BYTES + record.name.length;
    at = end + ((UNIT_BYTES - (end % UNIT_BYTES)) % UNIT_BYTES);
  }
  return found;
}

function isPlausible(cursor: ByteCursor, { at, left, right, name }: DirectoryRecord): boolean {
  const isText = name.every((byte) => byte >= BLANK && byte !== SLASH);
  const isInTable = [left, right].every((child) => child === undefined || child < cursor.length);
  return isText && isInTable && (cursor.u8(at + 12) & UNUSED_ATTRIBUTES) === 0;
}
