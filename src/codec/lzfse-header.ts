// Headers of LZFSE's entropy coded blocks (lzfse_internal.h of Apple's reference): one form has its frequencies as
// plain numbers, the other has all packed into bits.
import { countBytes } from '../base/byte-count.js';
import type { ByteCursor } from '../base/byte-cursor.js';

/** Symbols of each kind, in the order of the header. */
const SYMBOLS = { literalLength: 20, matchLength: 20, distance: 64, literal: 256 } as const;
const ALL_SYMBOLS = 360;
/** Literals and matches of one block. */
export const MAX_LITERALS = 40_000;
export const MAX_MATCHES = 10_000;
/** Bytes of a compact header in front of its frequencies; of a plain one, the same and all, two of padding included. */
const COMPACT_BYTES = 32;
const PLAIN = { frequencies: 50, bytes: 772 } as const;
/** Of a compact header: "as many spare bits" is that many above the least. */
const LEAST_SPARE = -7;

export interface LzfseHeader {
  readonly headerBytes: number;
  readonly literals: number;
  readonly matches: number;
  readonly literalBytes: number;
  readonly matchBytes: number;
  /** Spare bits at the end of each payload, as a negative number. */
  readonly literalSpare: number;
  readonly matchSpare: number;
  /** First states of the streams. */
  readonly literalStates: readonly number[];
  readonly literalLengthState: number;
  readonly matchLengthState: number;
  readonly distanceState: number;
  readonly frequencies: Readonly<Record<keyof typeof SYMBOLS, Uint16Array>>;
}

/** Throws Error, or `damaged` where the input ends. */
export function readPlainHeader(cursor: ByteCursor, at: number): LzfseHeader {
  const numbers = new Uint16Array(ALL_SYMBOLS);
  for (let i = 0; i < ALL_SYMBOLS; i += 1) numbers[i] = cursor.u16le(at + PLAIN.frequencies + 2 * i);
  return check({
    headerBytes: PLAIN.bytes,
    literals: cursor.u32le(at + 12), // n_literals, offset 12
    matches: cursor.u32le(at + 16), // n_matches, offset 16
    literalBytes: cursor.u32le(at + 20), // n_literal_payload_bytes, offset 20
    matchBytes: cursor.u32le(at + 24), // n_lmd_payload_bytes, offset 24
    literalSpare: cursor.u32le(at + 28) | 0, // literal_bits, offset 28
    literalStates: [32, 34, 36, 38].map((field) => cursor.u16le(at + field)), // literal_state, offset 32
    matchSpare: cursor.u32le(at + 40) | 0, // lmd_bits, offset 40
    literalLengthState: cursor.u16le(at + 44), // l_state, offset 44
    matchLengthState: cursor.u16le(at + 46), // m_state, offset 46
    distanceState: cursor.u16le(at + 48), // d_state, offset 48
    frequencies: divide(numbers),
  });
}

/** Throws as readPlainHeader does. */
export function readCompactHeader(cursor: ByteCursor, at: number): LzfseHeader {
  const packed = [8, 16, 24].map((field) => {
    const low = BigInt(cursor.u32le(at + field));
    return low | (BigInt(cursor.u32le(at + field + 4)) << 32n);
  });
  const field = (word: number, shift: number, width: number): number =>
    Number((packed[word]! >> BigInt(shift)) & ((1n << BigInt(width)) - 1n));
  const headerBytes = field(2, 0, 32);
  if (headerBytes < COMPACT_BYTES) throw new Error(`Header says that it has ${countBytes(headerBytes)}`);
  return check({
    headerBytes,
    literals: field(0, 0, 20),
    literalBytes: field(0, 20, 20),
    matches: field(0, 40, 20),
    literalSpare: field(0, 60, 3) + LEAST_SPARE,
    literalStates: [0, 10, 20, 30].map((shift) => field(1, shift, 10)),
    matchBytes: field(1, 40, 20),
    matchSpare: field(1, 60, 3) + LEAST_SPARE,
    literalLengthState: field(2, 32, 10),
    matchLengthState: field(2, 42, 10),
    distanceState: field(2, 52, 10),
    frequencies: divide(unpack(cursor.slice(at + COMPACT_BYTES, headerBytes - COMPACT_BYTES))),
  });
}

function check(header: LzfseHeader): LzfseHeader {
  if (header.literals <= MAX_LITERALS && header.matches <= MAX_MATCHES) return header;
  throw new Error(
    `Block has ${header.literals} literals and ${header.matches} matches, ` +
      `expected at most ${MAX_LITERALS} and ${MAX_MATCHES}`,
  );
}

function divide(numbers: Uint16Array): LzfseHeader['frequencies'] {
  let at = 0;
  const take = (count: number): Uint16Array => numbers.subarray(at, (at += count));
  return {
    literalLength: take(SYMBOLS.literalLength),
    matchLength: take(SYMBOLS.matchLength),
    distance: take(SYMBOLS.distance),
    literal: take(SYMBOLS.literal),
  };
}

/** Frequencies as codes of 2 to 14 bits, the low bits first; none at all stand for zeros. */
function unpack(bytes: Uint8Array): Uint16Array {
  const numbers = new Uint16Array(ALL_SYMBOLS);
  if (bytes.length === 0) return numbers;
  let at = 0;
  const peek = (offset: number, width: number): number => {
    const start = at + offset;
    const byte = start >> 3;
    const word = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16);
    return (word >> (start & 7)) & (2 ** width - 1);
  };
  for (let i = 0; i < ALL_SYMBOLS; i += 1) {
    const [value, width] = decodeFrequency(peek);
    numbers[i] = value;
    at += width;
  }
  if (at > bytes.length * 8 || bytes.length * 8 - at >= 8) {
    throw new Error(`Frequencies take ${at} bits, expected ${countBytes(bytes.length)} of them`);
  }
  return numbers;
}

/** A frequency and the bits of its code. */
function decodeFrequency(peek: (offset: number, width: number) => number): [number, number] {
  switch (peek(0, 3)) {
    case 0b000:
    case 0b100:
      return [0, 2];
    case 0b010:
    case 0b110:
      return [1, 2];
    case 0b001:
      return [2, 3];
    case 0b101:
      return [3, 3];
    case 0b011:
      return [4 + peek(3, 2), 5];
    default:
      return peek(3, 1) === 0 ? [8 + peek(4, 4), 8] : [24 + peek(4, 10), 14];
  }
}
