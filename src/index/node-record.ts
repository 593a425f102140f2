// One row as a plain object, for presenters and other readers that are not on the hot path.
import { MODE_TYPE } from '../filesystem/contract/file-tree.js';
import type { IndexTable } from './index-table.js';
import { ATTRIBUTE_HEADER_BYTES, CODING, CODING_MASK, FLAG, ROW } from './layout.js';
import { HIGH } from './wide-number.js';

export type NodeType = 'file' | 'directory' | 'symlink' | 'block' | 'char' | 'fifo' | 'socket';

export interface NodeRecord {
  readonly row: number;
  /** Name bytes, a copy; empty for the root. */
  readonly name: Uint8Array;
  readonly type: NodeType;
  /** Type and permission bits. */
  readonly mode: number;
  readonly links: number;
  readonly userId: number;
  readonly groupId: number;
  /** Bytes. */
  readonly size: number;
  readonly inode: number;
  readonly modified: NodeTime;
  readonly accessed: NodeTime;
  readonly changed: NodeTime;
  readonly device: { readonly major: number; readonly minor: number } | undefined;
  /** Symlink target bytes, a copy. */
  readonly target: Uint8Array | undefined;
}

export interface NodeTime {
  readonly seconds: number;
  readonly microseconds: number;
}

const TYPES = new Map<number, NodeType>([
  [MODE_TYPE.regular, 'file'],
  [MODE_TYPE.directory, 'directory'],
  [MODE_TYPE.symlink, 'symlink'],
  [MODE_TYPE.block, 'block'],
  [MODE_TYPE.character, 'char'],
  [MODE_TYPE.fifo, 'fifo'],
  [MODE_TYPE.socket, 'socket'],
]);

export function readNode(table: IndexTable, row: number): NodeRecord {
  const type = TYPES.get(table.type(row)) ?? 'file';
  const isDevice = type === 'block' || type === 'char';
  const first = table.word(row, ROW.first);
  const count = table.word(row, ROW.count);
  return {
    row,
    name: table.name(row).slice(),
    type,
    mode: table.word(row, ROW.mode),
    links: table.word(row, ROW.links),
    userId: table.word(row, ROW.userId),
    groupId: table.word(row, ROW.groupId),
    size: table.wide(row, ROW.sizeLow),
    inode: table.wide(row, ROW.inodeLow),
    modified: readTime(table, row, ROW.modified),
    accessed: readTime(table, row, ROW.accessed),
    changed: readTime(table, row, ROW.changed),
    device: isDevice ? { major: first, minor: count } : undefined,
    target: type === 'symlink' ? table.memory.blob.slice(first, first + count) : undefined,
  };
}

function readTime(table: IndexTable, row: number, field: number): NodeTime {
  const high = table.word(row, field + 1);
  return { seconds: table.word(row, field) + (high >> 20) * HIGH, microseconds: high & 0xf_ffff };
}

/** The coding of a file's content (one of CODING) and what its decoder has to know. */
export function readCoding(table: IndexTable, row: number): { coding: number; parameters: number } {
  return { coding: table.word(row, ROW.flags) & CODING_MASK, parameters: table.word(row, ROW.first) };
}

/** Whether extended attributes of the entry are left out, which no node of Linux could have. */
export function lacksAttributes(table: IndexTable, row: number): boolean {
  return (table.word(row, ROW.flags) & FLAG.lacksAttributes) !== 0;
}

/** Whether what is stored of a file is not its content. */
export function isCoded(table: IndexTable, row: number): boolean {
  return readCoding(table, row).coding !== CODING.plain;
}

/** Extended attributes: full names and values, copies. */
export function readAttributes(table: IndexTable, row: number): Map<string, Uint8Array> {
  const result = new Map<string, Uint8Array>();
  let position = table.word(row, ROW.attributes);
  if (position === 0) return result;
  const { blob } = table.memory;
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const count = view.getUint32(position, true);
  position += 4;
  for (let i = 0; i < count; i += 1) {
    const nameStart = position + ATTRIBUTE_HEADER_BYTES;
    const valueStart = nameStart + view.getUint32(position, true);
    const end = valueStart + view.getUint32(position + 4, true);
    result.set(new TextDecoder().decode(blob.subarray(nameStart, valueStart)), blob.slice(valueStart, end));
    position = end;
  }
  return result;
}
