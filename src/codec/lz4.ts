// LZ4 (its block and frame format descriptions, by Yann Collet): a bare block, or a frame of blocks, which its magic
// number tells apart: as a bare block, that would begin with a match before any output.
import { ByteCursor } from '../base/byte-cursor.js';
import type { Decompress } from './decompressor.js';
import { FixedOutput } from './fixed-output.js';

const FRAME_MAGIC = 0x184d_2204;
/** Bits of FLG, the frame's first byte behind the magic number. */
const FLG = { dictionary: 0x01, contentSize: 0x08, blockChecksum: 0x10 } as const;
/** Set in the size of a frame's block that is stored as it is. */
const STORED = 0x8000_0000;
const MIN_MATCH = 4;
/** A length of 15 in a token goes on in further bytes. */
const LONG = 15;

// eslint-disable-next-line @typescript-eslint/require-await -- errors are to be rejections
export const decompressLz4: Decompress = async (block, size) => {
  const output = new FixedOutput(size);
  const cursor = new ByteCursor(block, 'LZ4 block', 0);
  if (block.length >= 7 && cursor.u32le(0) === FRAME_MAGIC) decodeFrame(cursor, block, output);
  else decodeBlock(block, output);
  return output.finish();
};

/** A bare block, which ends where its content is complete: what lies behind that is left alone. */
// eslint-disable-next-line @typescript-eslint/require-await -- errors are to be rejections
export const decompressPaddedLz4: Decompress = async (block, size) => {
  const output = new FixedOutput(size);
  decodeBlock(block, output, true);
  return output.finish();
};

/** Frame: magic number, FLG, BD, content size (8, optional), dictionary id (4, optional), header checksum, blocks. */
function decodeFrame(cursor: ByteCursor, frame: Uint8Array, output: FixedOutput): void {
  const flags = cursor.u8(4);
  const optional = ((flags & FLG.contentSize) !== 0 ? 8 : 0) + ((flags & FLG.dictionary) !== 0 ? 4 : 0);
  for (let at = 7 + optional; ;) {
    const word = cursor.u32le(at);
    if (word === 0) return;
    const length = word & ~STORED;
    const bytes = cursor.slice(at + 4, length);
    if (word >= STORED) output.write(bytes);
    else decodeBlock(bytes, output);
    at += 4 + length + ((flags & FLG.blockChecksum) !== 0 ? 4 : 0);
    if (at >= frame.length) throw new Error('Frame has no end mark, expected one');
  }
}

/** Sequences of a token, literals, and a match with what came before; the last one ends with its literals. */
function decodeBlock(block: Uint8Array, output: FixedOutput, isPadded = false): void {
  let at = 0;
  const readLength = (start: number): number => {
    let length = start;
    if (start !== LONG) return length;
    for (let byte = 255; byte === 255; at += 1) {
      if (at >= block.length) throw new Error('Block ends inside of a length');
      byte = block[at]!;
      length += byte;
    }
    return length;
  };
  while (at < block.length) {
    const token = block[at]!;
    at += 1;
    const literals = readLength(token >> 4);
    if (literals > block.length - at) throw new Error('Block ends inside of its literals');
    output.write(block.subarray(at, at + literals));
    at += literals;
    if (at === block.length || (isPadded && output.length === output.bytes.length)) return;
    if (block.length - at < 2) throw new Error('Block ends inside of an offset');
    const distance = block[at]! | (block[at + 1]! << 8);
    at += 2;
    output.copyMatch(distance, readLength(token & LONG) + MIN_MATCH);
  }
}
