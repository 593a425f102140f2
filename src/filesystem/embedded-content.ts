// Content of a file that is not on the disc: a tree brings it along (`FileTree.embedded`).
import type { FileContent } from './file-content.js';

export class EmbeddedContent implements FileContent {
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(target: Uint8Array, position: number): Promise<number> {
    const part = this.#bytes.subarray(position, position + target.length);
    target.set(part);
    return Promise.resolve(part.length);
  }
}
