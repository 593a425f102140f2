// The only code that reads numbers out of untrusted bytes. Every read is checked against the cursor's window,
// so a length field that lies can never reach beyond the record it stands in. A cursor can be moved from record to
// record: at a million records a second an object for each would cost more than its parsing.
import { countBytes } from './byte-count.js';
import { IsodriveError } from './error.js';

/** A bounds-checked window over bytes. Offsets are relative to the window. Not copied: the caller owns the bytes. */
export class ByteCursor {
  /** Name of the source, for error messages. */
  readonly sourceName: string;
  /** Window offset of the first both-endian number whose halves differed since `mismatch` was last set, or -1. */
  mismatch = -1;
  // Not #private: those take more bytecode, and the compiler inlines by size.
  private bytes: Uint8Array;
  private view: DataView;
  private sourceOffset: number;
  private start = 0;
  private size = 0;

  /**
   * `sourceOffset`: byte offset in the source of the first byte of `bytes`. Throws RangeError (a defect of ours)
   * when the window does not lie inside `bytes`.
   */
  constructor(
    bytes: Uint8Array,
    sourceName: string,
    sourceOffset: number,
    start = 0,
    length = bytes.length - start,
  ) {
    this.sourceName = sourceName;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.sourceOffset = sourceOffset;
    this.moveTo(start, length);
  }

  /** Bytes in the window. */
  get length(): number {
    return this.size;
  }

  /** Puts the cursor on other bytes, its window over all of them. */
  setBytes(bytes: Uint8Array, sourceOffset: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.sourceOffset = sourceOffset;
    this.start = 0;
    this.size = bytes.length;
  }

  /** Moves the window; `start` counts in the bytes, not in the window. Throws RangeError when it does not fit. */
  moveTo(start: number, length: number): void {
    if (start < 0 || length < 0 || start + length > this.bytes.length) {
      throw new RangeError(`Window ${start}+${length} is outside of ${countBytes(this.bytes.length)}`);
    }
    this.start = start;
    this.size = length;
  }

  u8(offset: number): number {
    if (offset < 0 || offset >= this.size) this.fail(offset, 1);
    return this.view.getUint8(this.start + offset);
  }

  i8(offset: number): number {
    if (offset < 0 || offset >= this.size) this.fail(offset, 1);
    return this.view.getInt8(this.start + offset);
  }

  u16le(offset: number): number {
    if (offset < 0 || offset + 2 > this.size) this.fail(offset, 2);
    return this.view.getUint16(this.start + offset, true);
  }

  u16be(offset: number): number {
    if (offset < 0 || offset + 2 > this.size) this.fail(offset, 2);
    return this.view.getUint16(this.start + offset);
  }

  i16le(offset: number): number {
    if (offset < 0 || offset + 2 > this.size) this.fail(offset, 2);
    return this.view.getInt16(this.start + offset, true);
  }

  u32le(offset: number): number {
    if (offset < 0 || offset + 4 > this.size) this.fail(offset, 4);
    return this.view.getUint32(this.start + offset, true);
  }

  u32be(offset: number): number {
    if (offset < 0 || offset + 4 > this.size) this.fail(offset, 4);
    return this.view.getUint32(this.start + offset);
  }

  /** Exact up to 2^53; beyond, the nearest double: callers compare it with a bound. */
  u64le(offset: number): number {
    return this.u32le(offset) + this.u32le(offset + 4) * 0x1_0000_0000;
  }

  /** As u64le. */
  u64be(offset: number): number {
    return this.u32be(offset) * 0x1_0000_0000 + this.u32be(offset + 4);
  }

  /** Both-endian number of 2 x 16 bits (ECMA-119 7.2.3): the little-endian half; `mismatch` when they differ. */
  u16both(offset: number): number {
    const value = this.u16le(offset);
    if (value !== this.u16be(offset + 2) && this.mismatch < 0) this.mismatch = offset;
    return value;
  }

  /** Both-endian number of 2 x 32 bits (ECMA-119 7.3.3): the little-endian half; `mismatch` when they differ. */
  u32both(offset: number): number {
    if (offset < 0 || offset + 8 > this.size) this.fail(offset, 8);
    const view = this.view;
    const at = this.start + offset;
    const value = view.getUint32(at, true);
    if (value !== view.getUint32(at + 4) && this.mismatch < 0) this.mismatch = offset;
    return value;
  }

  /** A view, not a copy, of `length` bytes. */
  slice(offset: number, length: number): Uint8Array {
    this.check(offset, length);
    return this.bytes.subarray(this.start + offset, this.start + offset + length);
  }

  /**
   * What `fold` makes of `length` bytes, without a view of them: it is given the cursor's bytes, and where those start
   * and end, and must not look at others.
   */
  fold(
    offset: number,
    length: number,
    fold: (bytes: Uint8Array, start: number, end: number) => number,
  ): number {
    this.check(offset, length);
    return fold(this.bytes, this.start + offset, this.start + offset + length);
  }

  /**
   * Copies `length` bytes, but none from a NUL on, into `target` at `targetOffset`; gives the number copied. Throws
   * RangeError when they do not fit there.
   */
  copyText(offset: number, length: number, target: Uint8Array, targetOffset: number): number {
    this.check(offset, length);
    if (targetOffset < 0 || targetOffset + length > target.length) {
      throw new RangeError(`Bytes ${targetOffset}+${length} are outside of ${countBytes(target.length)}`);
    }
    const bytes = this.bytes;
    const from = this.start + offset;
    // Names are short: a loop beats the call of Uint8Array.set.
    for (let i = 0; i < length; i += 1) {
      const byte = bytes[from + i]!;
      if (byte === 0) return i;
      target[targetOffset + i] = byte;
    }
    return length;
  }

  /** Latin-1 text without trailing blanks and NULs (a- and d-characters, ECMA-119 7.4). */
  text(offset: number, length: number): string {
    return Buffer.from(this.slice(offset, length))
      .toString('latin1')
      .replace(/[\0 ]+$/, '');
  }

  /** Byte offset in the source of a window offset, for findings and errors. */
  offsetInSource(offset: number): number {
    return this.sourceOffset + this.start + offset;
  }

  private check(offset: number, length: number): void {
    if (offset < 0 || length < 0 || offset + length > this.size) this.fail(offset, length);
  }

  private fail(offset: number, length: number): never {
    throw new IsodriveError(
      'damaged',
      `Cannot read ${countBytes(length)} at ${offset} of a ${this.size}-byte record in "${this.sourceName}": ` +
        `record ends before the field`,
      { at: { source: this.sourceName, offset: this.offsetInSource(offset) } },
    );
  }
}
