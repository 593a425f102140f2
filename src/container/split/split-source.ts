// Files one behind the other as one run of bytes.
import { firstWhere } from '../../base/binary-search.js';
import type { ByteSource } from '../../source/byte-source.js';

export class SplitSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly parts: readonly ByteSource[];
  /** Byte behind the last of each part. */
  readonly #ends: readonly number[];

  /** Owns none of the parts, of which there is one at least. */
  constructor(parts: readonly ByteSource[]) {
    let end = 0;
    this.#ends = parts.map(({ size }) => (end += size));
    this.size = end;
    this.name = parts[0]!.name;
    this.parts = parts;
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    let done = 0;
    for (const { part, at, length } of this.#pieces(position, target.length)) {
      const got = await this.parts[part]!.read(target.subarray(done, done + length), at, signal);
      done += got;
      if (got < length) break;
    }
    return done;
  }

  readCached(target: Uint8Array, position: number): boolean {
    let done = 0;
    for (const { part, at, length } of this.#pieces(position, target.length)) {
      const piece = target.subarray(done, done + length);
      if (this.parts[part]!.readCached?.(piece, at) !== true) return false;
      done += length;
    }
    return done === target.length;
  }

  /** The parts that hold a range of bytes, and where in them. */
  *#pieces(position: number, length: number): Generator<{ part: number; at: number; length: number }> {
    const end = Math.min(position + length, this.size);
    let part = firstWhere(this.#ends.length, (i) => this.#ends[i]! > position);
    for (let from = position; from < end; part += 1) {
      const partEnd = this.#ends[part]!;
      const to = Math.min(end, partEnd);
      yield { part, at: from - (partEnd - this.parts[part]!.size), length: to - from };
      from = to;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
