// Decodes frames of FLAC (RFC 9639) with 16 bits and two channels, as sound of CDs is: bytes in, samples out. Pure.
import { IsodriveError } from '../base/error.js';
import { BitReader } from './bit-reader.js';
import { flacCrc16, flacCrc8 } from './flac-crc.js';

/** Bits of a sample, and of the difference of two channels. */
const BITS = 16;
/** Channel assignments (9.1.3): two channels, and three ways to store their difference. */
const INDEPENDENT = 1;
const LEFT_SIDE = 8;
const SIDE_RIGHT = 9;
const MID_SIDE = 10;
/** Longest header: 4 bytes, a number of up to 7, a size, a rate, a code. */
export const MAX_HEADER_BYTES = 16;

export interface FlacHeader {
  /** Of the frame, from 0. */
  readonly number: number;
  /** Samples of each channel. */
  readonly samples: number;
  readonly channels: number;
  /** Of the header. */
  readonly bytes: number;
}

/** The header of a frame of a stream of fixed block size; undefined for what is none, or of another kind. */
export function parseFlacHeader(bytes: Uint8Array, at: number): FlacHeader | undefined {
  if (bytes[at] !== 0xff || bytes[at + 1] !== 0xf8 || at + MAX_HEADER_BYTES > bytes.length) return undefined;
  const [sizeCode, rateCode] = [bytes[at + 2]! >> 4, bytes[at + 2]! & 0x0f];
  const channels = bytes[at + 3]! >> 4;
  const sampleSize = (bytes[at + 3]! >> 1) & 7;
  const isKnown = channels === INDEPENDENT || (channels >= LEFT_SIDE && channels <= MID_SIDE);
  // 0: as the stream says, which was looked at; 4: 16 bits.
  if (!isKnown || (sampleSize !== 0 && sampleSize !== 4) || (bytes[at + 3]! & 1) !== 0) return undefined;
  let end = at + 4;
  const extra = Math.clz32(~(bytes[end]! << 24)) - 1;
  let number = extra < 1 ? bytes[end]! & 0x7f : bytes[end]! & (0x3f >> extra);
  if (bytes[end]! >= 0x80 && (extra < 1 || extra > 5)) return undefined;
  end += 1;
  for (let i = 0; i < extra; i += 1, end += 1) number = number * 64 + (bytes[end]! & 0x3f);
  let samples = 0;
  if (sizeCode === 6) samples = bytes[end++]! + 1;
  else if (sizeCode === 7) samples = (bytes[end++]! << 8) + bytes[end++]! + 1;
  else if (sizeCode >= 8) samples = 256 << (sizeCode - 8);
  else samples = sizeCode === 1 ? 192 : sizeCode >= 2 ? 576 << (sizeCode - 2) : 0;
  if (rateCode >= 12) end += rateCode === 12 ? 1 : 2;
  if (samples === 0 || rateCode === 15 || flacCrc8(bytes, at, end) !== bytes[end]) return undefined;
  return { number, samples, channels, bytes: end + 1 - at };
}

/**
 * Decodes the frame that begins at byte `at` and writes its samples, 4 bytes each, at the start of `target`, which has
 * room for them. Gives the byte behind the frame. Throws `damaged` for a frame that is not whole or not right.
 */
export function decodeFlacFrame(
  bytes: Uint8Array,
  at: number,
  header: FlacHeader,
  target: Uint8Array,
): number {
  const { samples, channels } = header;
  const reader = new BitReader(bytes, at + header.bytes);
  const pair = [0, 1].map((channel) => {
    const isSide = (channels === LEFT_SIDE || channels === MID_SIDE) && channel === 1;
    const isFirstSide = channels === SIDE_RIGHT && channel === 0;
    return decodeSubframe(reader, samples, isSide || isFirstSide ? BITS + 1 : BITS);
  });
  const end = reader.alignedByte();
  const isWhole = end + 2 <= bytes.length;
  if (!isWhole || flacCrc16(bytes, at, end) !== ((bytes[end]! << 8) | bytes[end + 1]!))
    throw refuse('its check code is wrong');
  writeSamples(pair[0]!, pair[1]!, channels, target);
  return end + 2;
}

function writeSamples(first: Int32Array, second: Int32Array, channels: number, target: Uint8Array): void {
  for (let i = 0; i < first.length; i += 1) {
    let [left, right] = [first[i]!, second[i]!];
    if (channels === LEFT_SIDE) right = left - right;
    else if (channels === SIDE_RIGHT) left += right;
    else if (channels === MID_SIDE) {
      const sum = (left << 1) | (right & 1);
      [left, right] = [(sum + right) >> 1, (sum - right) >> 1];
    }
    target[4 * i] = left & 0xff;
    target[4 * i + 1] = (left >> 8) & 0xff;
    target[4 * i + 2] = right & 0xff;
    target[4 * i + 3] = (right >> 8) & 0xff;
  }
}

/** RFC 9639 9.2. */
function decodeSubframe(reader: BitReader, samples: number, bits: number): Int32Array {
  const kind = reader.take(8);
  if ((kind & 0x80) !== 0) throw refuse('a channel does not begin with a zero');
  const wasted = (kind & 1) === 0 ? 0 : reader.unary() + 1;
  const width = bits - wasted;
  if (width < 1) throw refuse('a channel has no bits');
  const type = (kind >> 1) & 0x3f;
  const out = new Int32Array(samples);
  if (type === 0) out.fill(reader.signed(width));
  else if (type === 1) for (let i = 0; i < samples; i += 1) out[i] = reader.signed(width);
  else if (type >= 8 && type <= 12) decodeFixed(reader, out, type - 8, width);
  else if (type >= 32) decodeLinear(reader, out, type - 31, width);
  else throw refuse(`a channel is of kind ${type}`);
  if (wasted > 0) for (let i = 0; i < samples; i += 1) out[i] = out[i]! << wasted;
  return out;
}

/** RFC 9639 9.2.5: predicted by a polynomial. */
function decodeFixed(reader: BitReader, out: Int32Array, order: number, width: number): void {
  decodeResidual(reader, out, order, width);
  const coefficients = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]][order]!;
  predict(out, coefficients, 0);
}

/** RFC 9639 9.2.6: predicted by coefficients that are stored. */
function decodeLinear(reader: BitReader, out: Int32Array, order: number, width: number): void {
  if (order > out.length) throw refuse('it has more coefficients than samples');
  for (let i = 0; i < order; i += 1) out[i] = reader.signed(width);
  const precision = reader.take(4) + 1;
  const shift = reader.signed(5);
  if (precision === 16 || shift < 0) throw refuse('its coefficients make no sense');
  const coefficients = Array.from({ length: order }, () => reader.signed(precision));
  decodeRice(reader, out, order);
  predict(out, coefficients, shift);
}

/** Samples before the first that is predicted, and the differences of all others. */
function decodeResidual(reader: BitReader, out: Int32Array, order: number, width: number): void {
  if (order > out.length) throw refuse('it has more coefficients than samples');
  for (let i = 0; i < order; i += 1) out[i] = reader.signed(width);
  decodeRice(reader, out, order);
}

/** RFC 9639 9.2.7. */
function decodeRice(reader: BitReader, out: Int32Array, order: number): void {
  const method = reader.take(2);
  if (method > 1) throw refuse('its differences are coded in a way that is not known');
  const [width, escape] = method === 0 ? [4, 15] : [5, 31];
  const partitions = 1 << reader.take(4);
  const size = out.length / partitions;
  if (!Number.isInteger(size) || size < order) throw refuse('its parts do not fit');
  for (let i = order, part = 1; part <= partitions; part += 1) {
    const parameter = reader.take(width);
    const end = part * size;
    if (parameter === escape) {
      const bits = reader.take(5);
      for (; i < end; i += 1) out[i] = bits === 0 ? 0 : reader.signed(bits);
    } else reader.rice(out, i, end, parameter);
    i = end;
    if (reader.isBehind) throw refuse('it is cut off');
  }
}

/** Sums are exact: 17 bits, times 15, times 32 of them. */
function predict(out: Int32Array, coefficients: readonly number[], shift: number): void {
  const scale = 2 ** shift;
  const order = coefficients.length;
  for (let i = order; i < out.length; i += 1) {
    let sum = 0;
    for (let j = 0; j < order; j += 1) sum += coefficients[j]! * out[i - 1 - j]!;
    out[i] = out[i]! + Math.floor(sum / scale);
  }
}

function refuse(found: string): IsodriveError {
  return new IsodriveError('damaged', `Cannot decode a frame of FLAC: ${found}, expected one of RFC 9639`);
}
