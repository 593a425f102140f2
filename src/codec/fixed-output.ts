// Output of a decompressor that must come to exactly the size that was announced.
import { countBytes } from '../base/byte-count.js';

export class FixedOutput {
  readonly bytes: Uint8Array;
  /** Bytes written so far. */
  length = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  /** Throws when there is no room for so many more bytes. */
  expect(count: number): void {
    if (count > this.bytes.length - this.length) {
      throw new Error(`Found more than ${countBytes(this.bytes.length)}, expected no more`);
    }
  }

  write(chunk: Uint8Array): void {
    this.expect(chunk.length);
    this.bytes.set(chunk, this.length);
    this.length += chunk.length;
  }

  writeByte(byte: number): void {
    if (this.length >= this.bytes.length) this.expect(1);
    this.bytes[this.length] = byte;
    this.length += 1;
  }

  /** Repeats what came so many bytes before; byte by byte, because a match may overlap what it makes. */
  copyMatch(distance: number, length: number): void {
    if (distance === 0 || distance > this.length) {
      throw new Error(`Found a match ${countBytes(distance)} back, expected at most ${this.length}`);
    }
    this.expect(length);
    const { bytes } = this;
    const end = this.length + length;
    for (let i = this.length; i < end; i += 1) bytes[i] = bytes[i - distance]!;
    this.length = end;
  }

  /** The bytes; throws when they are too few. */
  finish(): Uint8Array {
    if (this.length === this.bytes.length) return this.bytes;
    throw new Error(`Found ${countBytes(this.length)}, expected ${this.bytes.length}`);
  }
}

/** The bytes when they are `size`; throws otherwise. */
export function expectSize(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length !== size) throw new Error(`Found ${countBytes(bytes.length)}, expected ${size}`);
  return bytes;
}
