// Reads bits, the highest of a byte first. Behind the last byte there are zeros: whoever reads asks `isBehind`.

export class BitReader {
  readonly #bytes: Uint8Array;
  /** Bit that comes next. */
  #at: number;

  /** From byte `start` on. */
  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start * 8;
  }

  /** More was read than there is. */
  get isBehind(): boolean {
    return this.#at > this.#bytes.length * 8;
  }

  /** Up to 32 bits, as a number without a sign. */
  take(count: number): number {
    if (count === 0) return 0;
    const value = this.#peek() >>> (32 - count);
    this.#at += count;
    return value;
  }

  /** Up to 32 bits, of which the highest is the sign. */
  signed(count: number): number {
    const value = this.#peek() >> (32 - count);
    this.#at += count;
    return value;
  }

  /** Zeros before the next one, which is passed over. */
  unary(): number {
    let zeros = 0;
    for (;;) {
      const word = this.#peek();
      if (word !== 0) {
        const more = Math.clz32(word);
        this.#at += more + 1;
        return zeros + more;
      }
      zeros += 32;
      this.#at += 32;
      if (this.isBehind) return zeros;
    }
  }

  /** Numbers in the code of Rice: a quotient in zeros, `bits` of the rest, and the sign lowest. */
  rice(out: Int32Array, start: number, end: number, bits: number): void {
    for (let i = start; i < end; i += 1) {
      const word = this.#peek();
      const zeros = Math.clz32(word);
      const used = zeros + 1 + bits;
      let value;
      if (used <= 32) {
        // Nearly all of them fit into the bits that were looked at.
        const rest = bits === 0 ? 0 : ((word << zeros) << 1) >>> (32 - bits);
        value = (zeros << bits) | rest;
        this.#at += used;
      } else value = (this.unary() << bits) | this.take(bits);
      out[i] = (value >>> 1) ^ -(value & 1);
    }
  }

  /** The byte that begins where the rest of the last one ends. */
  alignedByte(): number {
    return Math.ceil(this.#at / 8);
  }

  /** The next 32 bits. */
  #peek(): number {
    const byte = this.#at >>> 3;
    const shift = this.#at & 7;
    const bytes = this.#bytes;
    if (byte + 5 > bytes.length) return this.#peekAtEnd(byte, shift);
    const word = (bytes[byte]! << 24) | (bytes[byte + 1]! << 16) | (bytes[byte + 2]! << 8) | bytes[byte + 3]!;
    return shift === 0 ? word : (word << shift) | (bytes[byte + 4]! >>> (8 - shift));
  }

  #peekAtEnd(byte: number, shift: number): number {
    const rest = Buffer.alloc(5);
    rest.set(this.#bytes.subarray(byte, byte + rest.length));
    const word = rest.readInt32BE(0);
    return shift === 0 ? word : (word << shift) | (rest[4]! >>> (8 - shift));
  }
}
