// The label of an Opera volume, the file system of 3DO discs. All numbers are big-endian. There is no standard: the
// layout is that of public descriptions by the community (operafs for Linux, Aaru).
import type { ByteCursor } from '../../base/byte-cursor.js';

/** Bytes with the longest list of copies. */
export const LABEL_BYTES = 132;
/** Record type 1, five bytes 0x5a, version 1. */
const MARK = '\x01ZZZZZ\x01';
/** Copies of the root directory; the format has room for no more. */
const MAX_ROOT_COPIES = 8;
/** Bytes of a block: discs have 2048, other media that the console knows less or more. */
const BLOCK_SIZES: readonly number[] = [512, 1024, 2048, 4096, 8192];

export interface OperaLabel {
  /** May be empty. */
  readonly comment: string;
  readonly label: string;
  /** Bytes of a block. */
  readonly blockSize: number;
  readonly blockCount: number;
  /** Blocks where copies of the root directory start, the first one first. */
  readonly rootCopies: readonly number[];
}

/** Whether the first bytes of an image are those of a label. */
export function showsOpera(start: ByteCursor): boolean {
  return start.length >= LABEL_BYTES && start.text(0, MARK.length) === MARK;
}

/** Undefined where the numbers cannot be those of a volume. `cursor`: LABEL_BYTES with the mark. */
export function parseLabel(cursor: ByteCursor): OperaLabel | undefined {
  const blockSize = cursor.u32be(76); // bytes of a block, offset 76
  const lastCopy = cursor.u32be(96); // number of the root's last copy, offset 96
  if (!BLOCK_SIZES.includes(blockSize) || lastCopy >= MAX_ROOT_COPIES) return undefined;
  return {
    comment: cursor.text(8, 32), // offset 8
    label: readLabel(cursor, 40), // offset 40
    blockSize,
    blockCount: cursor.u32be(80), // offset 80
    rootCopies: Array.from({ length: lastCopy + 1 }, (_, i) => cursor.u32be(100 + 4 * i)), // offset 100
  };
}

/** Text that a zero ends. */
function readLabel(cursor: ByteCursor, at: number): string {
  const text = cursor.text(at, 32);
  const end = text.indexOf('\0');
  return (end < 0 ? text : text.slice(0, end)).trim();
}
