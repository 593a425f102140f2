// An image in memory that notes where it is read: what a reader looks at is what is worth changing.
import type { ByteSource } from '../../src/source/byte-source.js';
import type { PagedImage } from './paged-image.js';

export class MemorySource implements ByteSource {
  readonly name: string;
  readonly size: number;
  /** Bytes given out so far: the work that an input makes, whatever the machine is busy with. */
  bytesRead = 0;
  /** Told of every read. */
  onRead: ((position: number, length: number) => void) | undefined;
  readonly #image: PagedImage;

  constructor(name: string, image: PagedImage) {
    this.name = name;
    this.#image = image;
    this.size = image.size;
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return Promise.resolve(this.#copy(target, position));
  }

  readCached(target: Uint8Array, position: number): boolean {
    return this.#copy(target, position) === target.length;
  }

  #copy(target: Uint8Array, position: number): number {
    const length = this.#image.read(target, position);
    this.bytesRead += length;
    this.onRead?.(position, length);
    return length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
