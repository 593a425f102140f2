// LZFSE, as Apple's reference implementation describes it: a stream of blocks that are stored, in LZVN, or literals and
// matches in finite state entropy coding. Matches reach back into blocks before.
import { countBytes } from '../base/byte-count.js';
import { ByteCursor } from '../base/byte-cursor.js';
import type { Decompress } from './decompressor.js';
import { BackwardBits, EntropyDecoder, buildEntropyTable } from './entropy-table.js';
import { FixedOutput } from './fixed-output.js';
import { readCompactHeader, readPlainHeader } from './lzfse-header.js';
import type { LzfseHeader } from './lzfse-header.js';
import { decodeLzvn } from './lzvn.js';

/** What a block starts with, as text. */
const MAGIC = { end: 'bvx$', stored: 'bvx-', plain: 'bvx1', compact: 'bvx2', lzvn: 'bvxn' } as const;
/** Numbers of states (lzfse_internal.h). */
const STATES = { literal: 1024, literalLength: 64, matchLength: 64, distance: 256 } as const;
/** Values of the last symbols of the two lengths; each symbol before stands for its own number. */
const FIRST_WIDE = 16;
const LITERAL_LENGTH = { bases: [16, 20, 28, 60], bits: [2, 3, 5, 8] } as const;
const MATCH_LENGTH = { bases: [16, 24, 56, 312], bits: [3, 5, 8, 11] } as const;
/** Four symbols of a distance have the same number of bits. */
const DISTANCES_OF_A_WIDTH = 4;
/** Streams that the literals are dealt out to in turn. */
const LITERAL_STREAMS = 4;

// eslint-disable-next-line @typescript-eslint/require-await -- errors are to be rejections
export const decompressLzfse: Decompress = async (block, size) => {
  const output = new FixedOutput(size);
  const cursor = new ByteCursor(block, 'LZFSE stream', 0);
  for (let at = 0; output.length < size;) {
    const magic = cursor.text(at, 4);
    if (magic === MAGIC.end) break;
    at = decodeBlock(cursor, at, magic, output);
  }
  return output.finish();
};

/** Decodes the block at `at`; gives where the next one starts. */
function decodeBlock(cursor: ByteCursor, at: number, magic: string, output: FixedOutput): number {
  const size = cursor.u32le(at + 4);
  output.expect(size);
  const end = output.length + size;
  let next: number;
  if (magic === MAGIC.stored) {
    output.write(cursor.slice(at + 8, size));
    next = at + 8 + size;
  } else if (magic === MAGIC.lzvn) {
    const length = cursor.u32le(at + 8);
    decodeLzvn(cursor.slice(at + 12, length), output);
    next = at + 12 + length;
  } else if (magic === MAGIC.plain || magic === MAGIC.compact) {
    const header = magic === MAGIC.plain ? readPlainHeader(cursor, at) : readCompactHeader(cursor, at);
    const start = at + header.headerBytes;
    const literals = decodeLiterals(cursor.slice(start, header.literalBytes), header);
    const matchStart = start + header.literalBytes;
    decodeMatches(cursor.slice(matchStart, header.matchBytes), header, literals, output);
    next = matchStart + header.matchBytes;
  } else {
    throw new Error(`Found a block that starts with ${JSON.stringify(magic)}, expected one of LZFSE`);
  }
  if (output.length !== end) {
    throw new Error(`Block comes to ${countBytes(output.length - end + size)}, expected ${size}`);
  }
  return next;
}

function decodeLiterals(payload: Uint8Array, header: LzfseHeader): Uint8Array {
  const bits = new BackwardBits(payload, header.literalSpare);
  const table = buildEntropyTable(
    STATES.literal,
    header.frequencies.literal,
    (symbol) => symbol,
    () => 0,
  );
  const streams = header.literalStates.map((state) => new EntropyDecoder(table, state));
  const literals = new Uint8Array(header.literals);
  for (let i = 0; i < literals.length; i += 1) literals[i] = streams[i % LITERAL_STREAMS]!.next(bits);
  return literals;
}

function decodeMatches(
  payload: Uint8Array,
  header: LzfseHeader,
  literals: Uint8Array,
  output: FixedOutput,
): void {
  const bits = new BackwardBits(payload, header.matchSpare);
  const { frequencies, literalLengthState, matchLengthState, distanceState } = header;
  const literalLengths = decodeLengths(
    STATES.literalLength,
    frequencies.literalLength,
    LITERAL_LENGTH,
    literalLengthState,
  );
  const matchLengths = decodeLengths(
    STATES.matchLength,
    frequencies.matchLength,
    MATCH_LENGTH,
    matchLengthState,
  );
  const distances = new EntropyDecoder(
    buildEntropyTable(STATES.distance, frequencies.distance, distanceBase, distanceBits),
    distanceState,
  );
  let used = 0;
  let distance = 0;
  for (let i = 0; i < header.matches; i += 1) {
    const literalLength = literalLengths.next(bits);
    const matchLength = matchLengths.next(bits);
    const found = distances.next(bits);
    // 0 stands for the distance of the match before.
    if (found !== 0) distance = found;
    if (literalLength > literals.length - used) throw new Error('Block has fewer literals than it uses');
    output.write(literals.subarray(used, used + literalLength));
    used += literalLength;
    if (matchLength > 0) output.copyMatch(distance, matchLength);
  }
}

function decodeLengths(
  states: number,
  frequencies: Uint16Array,
  { bases, bits }: { readonly bases: readonly number[]; readonly bits: readonly number[] },
  state: number,
): EntropyDecoder {
  const base = (symbol: number): number => (symbol < FIRST_WIDE ? symbol : bases[symbol - FIRST_WIDE]!);
  const extra = (symbol: number): number => (symbol < FIRST_WIDE ? 0 : bits[symbol - FIRST_WIDE]!);
  return new EntropyDecoder(buildEntropyTable(states, frequencies, base, extra), state);
}

function distanceBits(symbol: number): number {
  return Math.floor(symbol / DISTANCES_OF_A_WIDTH);
}

/** 0 to 3, then each behind the values of the one before: four of 2, four of 4, and so on. */
function distanceBase(symbol: number): number {
  const width = 2 ** distanceBits(symbol);
  return DISTANCES_OF_A_WIDTH * (width - 1) + (symbol % DISTANCES_OF_A_WIDTH) * width;
}
