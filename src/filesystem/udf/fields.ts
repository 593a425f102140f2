// Small fields that many UDF descriptors share: addresses, allocation descriptors, entity identifiers.
import type { ByteCursor } from '../../base/byte-cursor.js';

const HIGH = 2 ** 32;
const LENGTH_MASK = 0x3fff_ffff;

/** What the two high bits of an extent's length say (ECMA-167 4/14.14.1.1). */
export const EXTENT_TYPE = { recorded: 0, allocated: 1, unallocated: 2, continuation: 3 } as const;

/** A block of a partition: `partition` counts in the partition maps of the logical volume (ECMA-167 4/7.1). */
export interface BlockAddress {
  readonly block: number;
  readonly partition: number;
}

/** An extent of a partition, from a long allocation descriptor (ECMA-167 4/14.14.2). */
export interface LongExtent extends BlockAddress {
  /** Bytes; 0 when there is none. */
  readonly length: number;
}

/** An extent of the volume, from an extent descriptor (ECMA-167 3/7.1). */
export interface VolumeExtent {
  /** Bytes. */
  readonly length: number;
  readonly sector: number;
}

/** Unsigned 64 bits; exact below 2^53, and above what no image holds. */
export function readU64(cursor: ByteCursor, offset: number): number {
  return cursor.u32le(offset + 4) * HIGH + cursor.u32le(offset);
}

/** Length, bytes, of an extent whose first word this is. */
export function extentLength(word: number): number {
  return word & LENGTH_MASK;
}

/** One of EXTENT_TYPE. */
export function extentType(word: number): number {
  return word >>> 30;
}

/**
 * 4/14.14.2: Extent Length BP 0-3, Extent Location BP 4-9 (block, partition reference), Implementation Use BP
 * 10-15.
 */
export function readLongExtent(cursor: ByteCursor, offset: number): LongExtent {
  return {
    length: extentLength(cursor.u32le(offset)),
    block: cursor.u32le(offset + 4),
    partition: cursor.u16le(offset + 8),
  };
}

/** 3/7.1: Extent Length BP 0-3, Extent Location BP 4-7. */
export function readVolumeExtent(cursor: ByteCursor, offset: number): VolumeExtent {
  return { length: cursor.u32le(offset), sector: cursor.u32le(offset + 4) };
}

/** 1/7.4 Entity Identifier: Flags BP 0, Identifier BP 1-23, Identifier Suffix BP 24-31. */
export function readEntityIdentifier(cursor: ByteCursor, offset: number): string {
  return cursor.text(offset + 1, 23);
}
