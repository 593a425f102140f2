// An image in memory that notes where it is read: what a reader looks at is what is worth changing.
import type { ByteSource } from '../../src/source/byte-source.js';

export class MemorySource implements ByteSource {
  readonly name: string;
  readonly size: number;
  /** Bytes given out so far: the work that an input makes, whatever the machine is busy with. */
  bytesRead = 0;
  /** Told of every read. */
  onRead: ((position: number, length: number) => void) | undefined;
  readonly #bytes: Uint8Array;

  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return Promise.resolve(this.#copy(target, position));
  }

  readCached(target: Uint8Array, position: number): boolean {
    return this.#copy(target, position) === target.length;
  }

  #copy(target: Uint8Array, position: number): number {
    const part = this.#bytes.subarray(position, position + target.length);
    target.set(part);
    this.bytesRead += part.length;
    this.onRead?.(position, part.length);
    return part.length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
