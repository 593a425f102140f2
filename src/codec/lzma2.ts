// LZMA2 (The .xz File Format 1.2, 5.3.1; LZMA specification of the LZMA SDK): chunks, each stored or compressed with
// LZMA, which may keep state and dictionary of the chunk before. The output so far is the dictionary.
import type { FixedOutput } from './fixed-output.js';
import { RangeDecoder } from './range-decoder.js';

/** Control bytes; from 0x80 on a chunk is compressed and the bits are those of its unpacked size and of its reset. */
const END = 0;
const STORED_WITH_RESET = 1;
const STORED = 2;
const COMPRESSED = 0x80;
/** Bits 5 and 6: what to reset before a compressed chunk; each includes those before it. */
const RESET = { state: 1, properties: 2, dictionary: 3 } as const;

const STATES = 12;
/** States from here on come after a match. */
const FIRST_MATCH_STATE = 7;
const POSITION_STATES = 16;
const MIN_MATCH = 2;
/** Match lengths that have position slots of their own. */
const LENGTH_SLOTS = 4;
/** Slots from here on have direct bits, of which the last four are modelled from ALIGNED_SLOT on. */
const MODELLED_SLOT = 4;
const ALIGNED_SLOT = 14;
const LITERAL_CODER = 0x300;

/** Offsets of the models in one array. */
const LENGTH_LOW = 2;
const LENGTH_MID = LENGTH_LOW + POSITION_STATES * 8;
const LENGTH_HIGH = LENGTH_MID + POSITION_STATES * 8;
const LENGTH_MODELS = LENGTH_HIGH + 256;
const IS_MATCH = 0;
const IS_REPEAT = IS_MATCH + STATES * POSITION_STATES;
const IS_REPEAT_0 = IS_REPEAT + STATES;
const IS_REPEAT_1 = IS_REPEAT_0 + STATES;
const IS_REPEAT_2 = IS_REPEAT_1 + STATES;
const IS_LONG_REPEAT_0 = IS_REPEAT_2 + STATES;
const SLOT = IS_LONG_REPEAT_0 + STATES * POSITION_STATES;
const DISTANCE = SLOT + LENGTH_SLOTS * 64;
const ALIGN = DISTANCE + 128;
const LENGTH = ALIGN + 16;
const REPEAT_LENGTH = LENGTH + LENGTH_MODELS;
const LITERAL = REPEAT_LENGTH + LENGTH_MODELS;
/** With the most literal context bits that LZMA2 allows: four. */
const MODELS = LITERAL + (LITERAL_CODER << 4);

export class Lzma2Decoder {
  readonly #input: Uint8Array;
  readonly #output: FixedOutput;
  readonly #range = new RangeDecoder(MODELS);
  #at: number;
  /** Output position where the dictionary begins; -1 before the first reset of it. */
  #dictionary = -1;
  #hasProperties = false;
  #literalContext = 0;
  #literalMask = 0;
  #positionMask = 0;
  #state = 0;
  #repeats: [number, number, number, number] = [0, 0, 0, 0];

  /** Reads `input` from byte `start` on. */
  constructor(input: Uint8Array, start: number, output: FixedOutput) {
    this.#input = input;
    this.#at = start;
    this.#output = output;
  }

  /** Decodes all chunks; gives the input position behind them. Throws an ordinary Error when they are damaged. */
  decode(): number {
    for (;;) {
      const control = this.#byte();
      if (control === END) return this.#at;
      if (control >= COMPRESSED) this.#decodeChunk(control);
      else if (control === STORED || control === STORED_WITH_RESET) this.#copyChunk(control);
      else throw new Error(`Found control byte ${control}, expected that of a chunk`);
    }
  }

  #byte(): number {
    const byte = this.#input[this.#at];
    if (byte === undefined) throw new Error('LZMA2 data end inside of a chunk');
    this.#at += 1;
    return byte;
  }

  #size(): number {
    return this.#byte() * 256 + this.#byte() + 1;
  }

  #copyChunk(control: number): void {
    if (control === STORED_WITH_RESET) this.#dictionary = this.#output.length;
    else if (this.#dictionary < 0)
      throw new Error('First chunk does not reset the dictionary, expected it to');
    const size = this.#size();
    if (size > this.#input.length - this.#at) throw new Error('LZMA2 data end inside of a chunk');
    this.#output.write(this.#input.subarray(this.#at, this.#at + size));
    this.#at += size;
  }

  #decodeChunk(control: number): void {
    const unpacked = ((control & 0x1f) << 16) + this.#size();
    const packed = this.#size();
    const reset = (control >> 5) & 3;
    if (reset === RESET.dictionary) this.#dictionary = this.#output.length;
    else if (this.#dictionary < 0)
      throw new Error('First chunk does not reset the dictionary, expected it to');
    if (reset >= RESET.properties) this.#readProperties();
    else if (!this.#hasProperties) throw new Error('First compressed chunk has no properties, expected some');
    if (reset >= RESET.state) this.#resetState();
    this.#output.expect(unpacked);
    const end = this.#at + packed;
    this.#range.begin(this.#input, this.#at, end);
    this.#decodeSymbols(this.#output.length + unpacked);
    this.#range.finish();
    this.#at = end;
  }

  /** One byte: (position bits * 5 + literal position bits) * 9 + literal context bits. */
  #readProperties(): void {
    const byte = this.#byte();
    const context = byte % 9;
    const literalBits = Math.floor(byte / 9) % 5;
    const positionBits = Math.floor(byte / 45);
    if (positionBits > 4 || context + literalBits > 4) {
      throw new Error(`Found LZMA properties ${byte}, expected those that LZMA2 allows`);
    }
    this.#literalContext = context;
    this.#literalMask = (1 << literalBits) - 1;
    this.#positionMask = (1 << positionBits) - 1;
    this.#hasProperties = true;
  }

  #resetState(): void {
    this.#state = 0;
    this.#repeats = [0, 0, 0, 0];
    this.#range.resetModels();
  }

  #decodeSymbols(end: number): void {
    const output = this.#output;
    const range = this.#range;
    while (output.length < end) {
      const position = (output.length - this.#dictionary) & this.#positionMask;
      const state = this.#state;
      if (range.bit(IS_MATCH + state * POSITION_STATES + position) === 0) this.#decodeLiteral();
      else if (range.bit(IS_REPEAT + state) === 0) {
        this.#state = state < FIRST_MATCH_STATE ? 7 : 10;
        const length = this.#decodeLength(LENGTH, position);
        const [a, b, c] = this.#repeats;
        this.#repeats = [this.#decodeDistance(length), a, b, c];
        this.#copyMatch(length, end);
      } else this.#decodeRepeat(position, end);
    }
  }

  #decodeRepeat(position: number, end: number): void {
    const range = this.#range;
    const state = this.#state;
    const isAfterLiteral = state < FIRST_MATCH_STATE;
    const [a, b, c, d] = this.#repeats;
    if (range.bit(IS_REPEAT_0 + state) === 0) {
      if (range.bit(IS_LONG_REPEAT_0 + state * POSITION_STATES + position) === 0) {
        this.#state = isAfterLiteral ? 9 : 11;
        this.#copyMatch(1, end);
        return;
      }
    } else if (range.bit(IS_REPEAT_1 + state) === 0) this.#repeats = [b, a, c, d];
    else if (range.bit(IS_REPEAT_2 + state) === 0) this.#repeats = [c, a, b, d];
    else this.#repeats = [d, a, b, c];
    this.#state = isAfterLiteral ? 8 : 11;
    this.#copyMatch(this.#decodeLength(REPEAT_LENGTH, position), end);
  }

  #decodeLiteral(): void {
    const output = this.#output;
    const range = this.#range;
    const { bytes, length } = output;
    const start = this.#dictionary;
    const before = length > start ? bytes[length - 1]! : 0;
    const context = this.#literalContext;
    const place = ((((length - start) & this.#literalMask) << context) + (before >> (8 - context))) | 0;
    const models = LITERAL + LITERAL_CODER * place;
    let symbol = 1;
    if (this.#state >= FIRST_MATCH_STATE) {
      let match = this.#byteBack(this.#repeats[0]) << 1;
      for (let offset = 0x100; symbol < 0x100; match <<= 1) {
        const matchBit = match & offset;
        const bit = range.bit(models + offset + matchBit + symbol);
        symbol = (symbol << 1) | bit;
        offset &= bit === 0 ? ~matchBit : matchBit;
      }
    } else while (symbol < 0x100) symbol = (symbol << 1) | range.bit(models + symbol);
    output.writeByte(symbol & 0xff);
    const state = this.#state;
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  }

  #decodeLength(models: number, position: number): number {
    const range = this.#range;
    if (range.bit(models) === 0) return MIN_MATCH + range.tree(models + LENGTH_LOW + position * 8, 3);
    if (range.bit(models + 1) === 0) {
      return MIN_MATCH + 8 + range.tree(models + LENGTH_MID + position * 8, 3);
    }
    return MIN_MATCH + 16 + range.tree(models + LENGTH_HIGH, 8);
  }

  #decodeDistance(length: number): number {
    const range = this.#range;
    const slot = range.tree(SLOT + Math.min(length - MIN_MATCH, LENGTH_SLOTS - 1) * 64, 6);
    if (slot < MODELLED_SLOT) return slot;
    const bits = (slot >> 1) - 1;
    const base = ((2 | (slot & 1)) << bits) >>> 0;
    if (slot < ALIGNED_SLOT) return base + range.reverseTree(DISTANCE + base - slot, bits);
    return base + range.direct(bits - 4) * 16 + range.reverseTree(ALIGN, 4);
  }

  /** The output byte `distance` + 1 back. */
  #byteBack(distance: number): number {
    const { bytes, length } = this.#output;
    if (distance >= length - this.#dictionary)
      throw new Error('Found a match before the start of the dictionary');
    return bytes[length - 1 - distance]!;
  }

  /** Byte by byte, because a match may overlap what it makes. */
  #copyMatch(length: number, end: number): void {
    const output = this.#output;
    if (length > end - output.length) throw new Error('Found a match that reaches beyond its chunk');
    const distance = this.#repeats[0];
    this.#byteBack(distance);
    const { bytes } = output;
    const stop = output.length + length;
    for (let i = output.length; i < stop; i += 1) bytes[i] = bytes[i - distance - 1]!;
    output.length = stop;
  }
}
