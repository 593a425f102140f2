// Members of gzip files (RFC 1952), little-endian, and the extra fields by which some can be read at any place: "BC"
// (bgzf, SAM specification 4.1) and "RA" (dictzip).
import { ByteCursor } from '../../base/byte-cursor.js';

/** Ten bytes are always there, then the extra field with two of its length. */
export const HEADER_BYTES = 10;
export const MAX_HEADER_BYTES = HEADER_BYTES + 2 + 65_535;
/** CRC-32 and bytes of the content. */
export const TRAILER_BYTES = 8;
const FLAG = { crc: 0x02, extra: 0x04, name: 0x08, comment: 0x10 } as const;
/** Bytes of an extra field's identifier and length. */
const FIELD_HEADER_BYTES = 4;
/** Of version, bytes of a chunk, and chunks; then two bytes of each. */
const CHUNKS_AT = 6;

export interface ChunkTable {
  /** Bytes of the content of each but the last. */
  readonly chunkBytes: number;
  /** Bytes that each is packed in. */
  readonly packed: readonly number[];
}

export interface Member {
  /** Where its data begin; undefined where a name is longer than what was read. */
  readonly dataAt: number;
  /** bgzf: bytes of the whole member. */
  readonly length: number | undefined;
  /** dictzip. */
  readonly chunks: ChunkTable | undefined;
}

/** Undefined for what is no member, and where its header ends behind the bytes. */
export function parseMember(bytes: Uint8Array): Member | undefined {
  if (bytes.length < HEADER_BYTES || bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8)
    return undefined;
  const flags = bytes[3]!;
  let at = HEADER_BYTES;
  let extra: Uint8Array = new Uint8Array();
  if ((flags & FLAG.extra) !== 0) {
    if (bytes.length < at + 2) return undefined;
    const length = bytes[at]! + bytes[at + 1]! * 256;
    extra = bytes.subarray(at + 2, at + 2 + length);
    if (extra.length < length) return undefined;
    at += 2 + length;
  }
  for (const flag of [FLAG.name, FLAG.comment]) {
    if ((flags & flag) === 0) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  if ((flags & FLAG.crc) !== 0) at += 2;
  const fields = readFields(extra);
  const size = fields.get('BC');
  const table = fields.get('RA');
  const length = size?.length === 2 ? size[0]! + size[1]! * 256 + 1 : undefined;
  return { dataAt: at, length, chunks: table === undefined ? undefined : parseChunks(table) };
}

function readFields(extra: Uint8Array): Map<string, Uint8Array> {
  const fields = new Map<string, Uint8Array>();
  for (let at = 0; at + FIELD_HEADER_BYTES <= extra.length;) {
    const name = Buffer.from(extra.subarray(at, at + 2)).toString('latin1');
    const length = extra[at + 2]! + extra[at + 3]! * 256;
    at += FIELD_HEADER_BYTES + length;
    if (at <= extra.length) fields.set(name, extra.subarray(at - length, at));
  }
  return fields;
}

function parseChunks(field: Uint8Array): ChunkTable | undefined {
  if (field.length < CHUNKS_AT) return undefined;
  const cursor = new ByteCursor(field, 'table of dictzip', 0);
  const [version, chunkBytes, count] = [cursor.u16le(0), cursor.u16le(2), cursor.u16le(4)];
  if (version !== 1 || chunkBytes < 512 || count === 0 || CHUNKS_AT + count * 2 > field.length)
    return undefined;
  return { chunkBytes, packed: Array.from({ length: count }, (_, i) => cursor.u16le(CHUNKS_AT + i * 2)) };
}
