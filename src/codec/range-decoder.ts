// The binary range decoder of LZMA (LZMA specification, "Range Decoder"), with its adaptive models of one bit each.

const MODEL_BITS = 11;
const MODEL_TOTAL = 1 << MODEL_BITS;
const MOVE_BITS = 5;
/** A range below this takes another byte. */
const MIN_RANGE = 0x100_0000;
/** A zero byte and four of the first code. */
const HEADER_BYTES = 5;

export class RangeDecoder {
  // Not #private: those take more bytecode, and the compiler inlines by size.
  private readonly models: Uint16Array;
  private input = new Uint8Array();
  private at = 0;
  private end = 0;
  private range = 0;
  private code = 0;

  constructor(models: number) {
    this.models = new Uint16Array(models);
    this.resetModels();
  }

  resetModels(): void {
    this.models.fill(MODEL_TOTAL / 2);
  }

  /** Starts on input bytes [start, end). Throws when they are too few. */
  begin(input: Uint8Array, start: number, end: number): void {
    if (end > input.length || end - start < HEADER_BYTES) throw new Error('LZMA2 data end inside of a chunk');
    if (input[start] !== 0) throw new Error(`Found first byte ${input[start]}, expected 0`);
    this.input = input as Uint8Array<ArrayBuffer>;
    this.range = 0xffff_ffff;
    this.code = 0;
    for (let i = 1; i < HEADER_BYTES; i += 1) this.code = (this.code * 256 + input[start + i]!) >>> 0;
    this.at = start + HEADER_BYTES;
    this.end = end;
  }

  /** Throws unless the input came out even, which damaged data hardly ever do. */
  finish(): void {
    this.normalize();
    if (this.code !== 0 || this.at !== this.end) throw new Error('Chunk of LZMA2 data is damaged');
  }

  private normalize(): void {
    if (this.range >= MIN_RANGE) return;
    if (this.at >= this.end) throw new Error('Chunk of LZMA2 data is too short');
    this.range = (this.range << 8) >>> 0;
    this.code = ((this.code << 8) | this.input[this.at]!) >>> 0;
    this.at += 1;
  }

  /** One bit by the model. */
  bit(model: number): 0 | 1 {
    this.normalize();
    const chance = this.models[model]!;
    const bound = (this.range >>> MODEL_BITS) * chance;
    if (this.code < bound) {
      this.range = bound;
      this.models[model] = chance + ((MODEL_TOTAL - chance) >> MOVE_BITS);
      return 0;
    }
    this.range -= bound;
    this.code -= bound;
    this.models[model] = chance - (chance >> MOVE_BITS);
    return 1;
  }

  /** A number of so many bits, highest first. */
  tree(models: number, bits: number): number {
    let symbol = 1;
    for (let i = 0; i < bits; i += 1) symbol = (symbol << 1) | this.bit(models + symbol);
    return symbol - (1 << bits);
  }

  /** A number of so many bits, lowest first. */
  reverseTree(models: number, bits: number): number {
    let symbol = 1;
    let result = 0;
    for (let i = 0; i < bits; i += 1) {
      const bit = this.bit(models + symbol);
      symbol = (symbol << 1) | bit;
      result |= bit << i;
    }
    return result;
  }

  /** A number of so many bits, highest first, each as likely as not. */
  direct(bits: number): number {
    let result = 0;
    for (let i = 0; i < bits; i += 1) {
      this.normalize();
      this.range >>>= 1;
      const bit = this.code >= this.range ? 1 : 0;
      if (bit === 1) this.code -= this.range;
      result = result * 2 + bit;
    }
    return result;
  }
}
