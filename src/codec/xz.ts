// XZ (The .xz File Format 1.2): one stream whose blocks have LZMA2 as their only filter. Written out because a block is
// all that is wanted here: its output is the dictionary as well, so that no header decides on memory, and no decoder's
// state has to be shared or awaited.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ByteCursor } from '../base/byte-cursor.js';
import { crc64Of } from '../base/crc64.js';
import type { Decompress } from './decompressor.js';
import { FixedOutput } from './fixed-output.js';
import { Lzma2Decoder } from './lzma2.js';

/** 2.1.1 Stream Header: magic number, flags of which the second byte says which check the blocks have, CRC-32. */
const STREAM_HEADER_BYTES = 12;
const STREAM_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const CHECK_FLAG = 7;
/** 2.1.1.2: bytes of a block's check by its type, 0 to 15. */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
/** 5.3.1: the filter's id and the length of its properties, the size of the dictionary. */
const LZMA2_ID = 0x21;

/**
 * Decompresses one block of a stream whose blocks have checks of this kind (2.1.1.2), and compares the check: CRC-32,
 * CRC-64 and SHA-256.
 */
export function decompressXzBlock(check: number): Decompress {
  // eslint-disable-next-line @typescript-eslint/require-await -- errors are to be rejections
  return async (block, size) => {
    const cursor = new ByteCursor(block, '.xz block', 0);
    checkFilters(cursor, 0);
    const output = new FixedOutput(size);
    const start = (cursor.u8(0) + 1) * 4;
    const end = new Lzma2Decoder(block, start, output).decode();
    const content = output.finish();
    const stored = Buffer.from(cursor.slice(end + ((start - end) & 3), CHECK_BYTES[check]!));
    const sum = checkOf(check, content);
    if (sum !== undefined && !sum.equals(stored))
      throw new Error('Content does not have the sum that is stored');
    return content;
  };
}

/** Whether the block whose header this begins has other filters than LZMA2. */
export function hasOtherFilters(block: Uint8Array): boolean {
  try {
    checkFilters(new ByteCursor(block, '.xz block', 0), 0);
    return false;
  } catch {
    return true;
  }
}

/** 3.4 Check; undefined for one that is unknown here, and for none. */
function checkOf(check: number, content: Uint8Array): Buffer | undefined {
  switch (check) {
    case 0x01: {
      const sum = Buffer.alloc(4);
      sum.writeUInt32LE(crc32(content));
      return sum;
    }
    case 0x04:
      return crc64Of(content);
    case 0x0a:
      return createHash('sha256').update(content).digest();
    default:
      return undefined;
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- errors are to be rejections
export const decompressXz: Decompress = async (stream, size) => {
  if (!STREAM_MAGIC.every((byte, i) => stream[i] === byte))
    throw new Error('Found no .xz stream, expected one');
  const cursor = new ByteCursor(stream, '.xz stream', 0);
  const check = CHECK_BYTES[cursor.u8(CHECK_FLAG) & 0x0f]!;
  const output = new FixedOutput(size);
  let at = STREAM_HEADER_BYTES;
  // 3.1.1: the index, which follows the last block, begins with a zero where a block has the size of its header.
  for (let words = cursor.u8(at); words !== 0; words = cursor.u8(at)) {
    checkFilters(cursor, at);
    const start = at + (words + 1) * 4;
    const end = new Lzma2Decoder(stream, start, output).decode();
    // 3.3: data are padded to a multiple of four bytes, which the header has already.
    at = end + ((start - end) & 3) + check;
  }
  return output.finish();
};

/** 3.1 Block Header: its size, flags, two optional sizes, filters. Throws unless LZMA2 is the only filter. */
function checkFilters(cursor: ByteCursor, header: number): void {
  // 3.1.2 Block Flags: bits 0 and 1 count the filters less one, bits 6 and 7 say which sizes are there.
  const flags = cursor.u8(header + 1);
  let at = header + 2;
  for (const bit of [0x40, 0x80]) {
    if ((flags & bit) === 0) continue;
    while (cursor.u8(at) >= 0x80) at += 1;
    at += 1;
  }
  if ((flags & 3) !== 0 || cursor.u8(at) !== LZMA2_ID) {
    throw new Error('Found another filter, expected LZMA2 alone');
  }
}
