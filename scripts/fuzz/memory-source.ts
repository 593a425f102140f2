// An image in memory that notes where it is read: what a reader looks at is what is worth changing.
import type { ByteSource } from '../../src/source/byte-source.js';
import { OpenedFiles } from '../../src/source/image-files.js';
import type { PagedImage, StoredFile } from './paged-image.js';

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

/** The files of an image that lie in one source, as a folder holds them. */
export function openMemoryFiles(source: MemorySource, files: readonly StoredFile[] = []): OpenedFiles {
  const [main] = files;
  if (main === undefined) return new OpenedFiles(source);
  return new OpenedFiles(new FileOfSource(source, main), {
    mainName: main.name,
    open: (wanted) => {
      const file = files.find(({ name }) => name === wanted);
      return Promise.resolve(file === undefined ? undefined : new FileOfSource(source, file));
    },
    list: () => Promise.resolve(files.map(({ name }) => name)),
  });
}

class FileOfSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #source: MemorySource;
  readonly #start: number;

  constructor(source: MemorySource, { name, start, size }: StoredFile) {
    this.name = name;
    // The image may be cut.
    this.size = Math.max(0, Math.min(size, source.size - start));
    this.#source = source;
    this.#start = start;
  }

  read(target: Uint8Array, position: number): Promise<number> {
    const length = Math.max(0, Math.min(target.length, this.size - position));
    return this.#source.read(target.subarray(0, length), this.#start + position);
  }

  readCached(target: Uint8Array, position: number): boolean {
    return position + target.length <= this.size && this.#source.readCached(target, this.#start + position);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
