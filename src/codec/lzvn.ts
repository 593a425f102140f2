// LZVN, as Apple's LZFSE reference describes it: instructions of literals, matches, or both. Output that does not
// shrink by the entropy coding of LZFSE is kept in it, and Mac OS compresses files with it.
import type { Decompress } from './decompressor.js';
import { FixedOutput } from './fixed-output.js';

/** Instructions that stand for themselves; those that carry a distance are told by bits. */
const CODE = { end: 0x06, nothing: [0x0e, 0x16], longLiteral: 0xe0, longMatch: 0xf0 } as const;
/** First of 32 instructions with a distance of 14 bits. */
const MEDIUM = 0xa0;
/** The low three bits of an instruction with a distance: that of the one before, or 16 bits of its own. */
const DISTANCE = { previous: 6, long: 7 } as const;
/** Instructions below have no meaning as "previous distance". */
const FIRST_PREVIOUS = 0x40;
const MIN_MATCH = 3;
/** What the byte behind a long literal or match adds to. */
const LONG_BASE = 16;

// eslint-disable-next-line @typescript-eslint/require-await -- errors are to be rejections
export const decompressLzvn: Decompress = async (block, size) => {
  const output = new FixedOutput(size);
  decodeLzvn(block, output);
  return output.finish();
};

/** Decodes until the end mark, or where there is none until the input ends. Throws Error when it is damaged. */
export function decodeLzvn(block: Uint8Array, output: FixedOutput): void {
  let at = 0;
  let distance = 0;
  const byteAt = (position: number): number => {
    if (position >= block.length) throw new Error('Block ends inside of an instruction');
    return block[position]!;
  };
  const copyLiteral = (length: number): void => {
    if (length > block.length - at) throw new Error('Block ends inside of its literals');
    output.write(block.subarray(at, at + length));
    at += length;
  };
  while (at < block.length) {
    const code = block[at]!;
    if (code === CODE.end) return;
    if (code >= CODE.longLiteral) {
      const isLong = code === CODE.longLiteral || code === CODE.longMatch;
      const length = isLong ? byteAt(at + 1) + LONG_BASE : code & 0x0f;
      at += isLong ? 2 : 1;
      if (code < CODE.longMatch) copyLiteral(length);
      else output.copyMatch(distance, length);
    } else if (code >= MEDIUM && code < MEDIUM + 32) {
      // 101LLMMM, then DDDDDDMM and DDDDDDDD
      const word = byteAt(at + 1) | (byteAt(at + 2) << 8);
      at += 3;
      copyLiteral((code >> 3) & 3);
      distance = word >> 2;
      output.copyMatch(distance, (((code & 7) << 2) | (word & 3)) + MIN_MATCH);
    } else if (CODE.nothing.some((nothing) => nothing === code)) {
      at += 1;
    } else {
      // LLMMMDDD, then DDDDDDDD; or LLMMM111, then two bytes; or LLMMM110
      const high = code & 7;
      if (isUndefined(code))
        throw new Error(`Found instruction 0x${code.toString(16)}, which has no meaning`);
      let next = distance;
      if (high === DISTANCE.long) next = byteAt(at + 1) | (byteAt(at + 2) << 8);
      else if (high !== DISTANCE.previous) next = (high << 8) | byteAt(at + 1);
      at += high === DISTANCE.long ? 3 : high === DISTANCE.previous ? 1 : 2;
      copyLiteral(code >> 6);
      distance = next;
      output.copyMatch(distance, ((code >> 3) & 7) + MIN_MATCH);
    }
  }
}

function isUndefined(code: number): boolean {
  const group = code >> 4;
  return group === 0x7 || group === 0xd || ((code & 7) === DISTANCE.previous && code < FIRST_PREVIOUS);
}
