// One block of an Opera directory: a header and the records behind it. Pure: bytes in, records out. Source: public
// descriptions by the community, see volume-label.ts.
import type { ByteCursor } from '../../base/byte-cursor.js';

const HEADER_BYTES = 20;
/** Bytes of a record before its list of copies. */
export const RECORD_BYTES = 68;
const NAME_BYTES = 32;
/** Copies of one file or directory that are looked at. */
export const MAX_COPIES = 64;
/** Number of the next block where there is none. */
const NO_BLOCK = 0xffff_ffff;
/** Low byte of the flags; 2 is a file and 6 one that the system made. */
const KIND_MASK = 0xff;
const DIRECTORY = 7;
/** Bits of the flags. */
const LAST_IN_BLOCK = 0x4000_0000;
const LAST_IN_DIRECTORY = 0x8000_0000;

export interface BlockHeader {
  /** Counted from the first block of the directory; undefined in its last one. */
  readonly next: number | undefined;
  /** Byte offsets in the block: of the first record, and behind the last. */
  readonly first: number;
  readonly end: number;
}

export interface OperaRecord {
  readonly isDirectory: boolean;
  /** Bytes. */
  readonly size: number;
  /** A directory without entries, for which nothing is recorded. */
  readonly isVoid: boolean;
  /** Blocks that the writer leaves free between runs of the file. */
  readonly gap: number;
  /** Blocks where copies start, the first one first; at least one. */
  readonly copies: readonly number[];
  /** Without what a zero ends; may be empty. */
  readonly name: Uint8Array;
  /** Bytes of the record. */
  readonly length: number;
  readonly isLastInBlock: boolean;
  readonly isLastInDirectory: boolean;
}

/** Undefined where the block cannot be one of a directory. */
export function readHeader(block: ByteCursor): BlockHeader | undefined {
  if (block.length < HEADER_BYTES) return undefined;
  const next = block.u32be(0); // next block, offset 0
  const end = block.u32be(12); // first free byte, offset 12
  const first = block.u32be(16); // first record, offset 16
  if (first < HEADER_BYTES || first > end || end > block.length) return undefined;
  return { next: next === NO_BLOCK ? undefined : next, first, end };
}

/** The record at byte `at` of the bytes; undefined where it is broken, or reaches beyond `end`. */
export function readRecord(block: ByteCursor, at: number, end = block.length): OperaRecord | undefined {
  if (at + RECORD_BYTES > end) return undefined;
  const lastCopy = block.u32be(at + 64); // number of the last copy, offset 64
  if (lastCopy >= MAX_COPIES || at + RECORD_BYTES + 4 * (lastCopy + 1) > end) return undefined;
  const flags = block.u32be(at); // offset 0
  const name = block.slice(at + 32, NAME_BYTES); // offset 32
  const nul = name.indexOf(0);
  const isDirectory = (flags & KIND_MASK) === DIRECTORY;
  const size = block.u32be(at + 16); // bytes, offset 16
  return {
    isDirectory,
    size,
    isVoid: isDirectory && size === 0 && block.u32be(at + 20) === 0, // blocks, offset 20
    gap: block.u32be(at + 28), // offset 28
    copies: Array.from({ length: lastCopy + 1 }, (_, i) => block.u32be(at + RECORD_BYTES + 4 * i)),
    name: nul < 0 ? name : name.subarray(0, nul),
    length: RECORD_BYTES + 4 * (lastCopy + 1),
    isLastInBlock: (flags & LAST_IN_BLOCK) !== 0,
    isLastInDirectory: flags >>> 0 >= LAST_IN_DIRECTORY,
  };
}
