// The only code that reads numbers out of untrusted bytes. Every read is checked against the cursor's window,
// so a length field that lies can never reach beyond the record it stands in.
import { IsodriveError } from './error.js';

/** A bounds-checked window over bytes. Offsets are relative to the window. Not copied: the caller owns the bytes. */
export class ByteCursor {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly length: number;
  /** Name of the source, for error messages. */
  readonly sourceName: string;
  /** Byte offset in the source of the first byte of `bytes`. */
  readonly sourceOffset: number;
  readonly #view: DataView;

  /** Throws RangeError (a defect of ours) when the window does not lie inside `bytes`. */
  constructor(
    bytes: Uint8Array,
    sourceName: string,
    sourceOffset: number,
    start = 0,
    length = bytes.length - start,
  ) {
    if (start < 0 || length < 0 || start + length > bytes.length) {
      throw new RangeError(`Window ${start}+${length} is outside of ${bytes.length} bytes`);
    }
    this.bytes = bytes;
    this.start = start;
    this.length = length;
    this.sourceName = sourceName;
    this.sourceOffset = sourceOffset;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset + start, length);
  }

  /** A narrower window. Throws `damaged` when it reaches outside of this one. */
  window(offset: number, length: number): ByteCursor {
    this.check(offset, length);
    return new ByteCursor(this.bytes, this.sourceName, this.sourceOffset, this.start + offset, length);
  }

  u8(offset: number): number {
    if (offset < 0 || offset >= this.length) this.fail(offset, 1);
    return this.#view.getUint8(offset);
  }

  u16le(offset: number): number {
    if (offset < 0 || offset + 2 > this.length) this.fail(offset, 2);
    return this.#view.getUint16(offset, true);
  }

  u16be(offset: number): number {
    if (offset < 0 || offset + 2 > this.length) this.fail(offset, 2);
    return this.#view.getUint16(offset, false);
  }

  u32le(offset: number): number {
    if (offset < 0 || offset + 4 > this.length) this.fail(offset, 4);
    return this.#view.getUint32(offset, true);
  }

  u32be(offset: number): number {
    if (offset < 0 || offset + 4 > this.length) this.fail(offset, 4);
    return this.#view.getUint32(offset, false);
  }

  /** Unsigned 64-bit little-endian; throws `damaged` above 2^53 - 1, which no disc reaches. */
  u64le(offset: number): number {
    const value = this.u32le(offset) + this.u32le(offset + 4) * 0x1_0000_0000;
    if (!Number.isSafeInteger(value)) this.fail(offset, 8);
    return value;
  }

  i8(offset: number): number {
    if (offset < 0 || offset >= this.length) this.fail(offset, 1);
    return this.#view.getInt8(offset);
  }

  /** A view, not a copy, of `length` bytes. */
  slice(offset: number, length: number): Uint8Array {
    this.check(offset, length);
    return this.bytes.subarray(this.start + offset, this.start + offset + length);
  }

  /** Byte offset in the source of a window offset, for findings and errors. */
  offsetInSource(offset: number): number {
    return this.sourceOffset + this.start + offset;
  }

  private check(offset: number, length: number): void {
    if (offset < 0 || length < 0 || offset + length > this.length) this.fail(offset, length);
  }

  private fail(offset: number, length: number): never {
    throw new IsodriveError(
      'damaged',
      `Cannot read ${length} bytes at ${offset} of a ${this.length}-byte record in "${this.sourceName}": ` +
        `record ends before the field`,
      { at: { source: this.sourceName, offset: this.offsetInSource(offset) } },
    );
  }
}
