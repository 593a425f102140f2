// Hashes a whole image while it is read: bytes in order are hashed as they come; from the first place on that came
// out of order, because it was bad or was read by an earlier run, they are read back from the image at the end.
import { throwIfAborted } from '../../source/abortable.js';
import { DigestSet } from '../digests.js';
import type { Algorithm, Digests } from '../digests.js';

/** Bytes of a read. */
const CHUNK_BYTES = 1_048_576;

/** Fills `target` from `position` on. */
export type ReadBack = (target: Uint8Array, position: number) => Promise<void>;

export class SequentialHasher {
  readonly #digests: DigestSet;
  #position = 0;

  constructor(algorithms: readonly Algorithm[]) {
    this.#digests = new DigestSet(algorithms);
  }

  /** Takes bytes that were read, in any order. */
  update(position: number, bytes: Uint8Array): void {
    if (position !== this.#position) return;
    this.#digests.update(bytes);
    this.#position += bytes.length;
  }

  /** Digests of the first `size` bytes; what was not hashed yet is read back. Undefined when more was hashed already. */
  async finish(size: number, readBack: ReadBack, signal?: AbortSignal): Promise<Digests | undefined> {
    if (this.#position > size) return undefined;
    const buffer = new Uint8Array(Math.min(CHUNK_BYTES, size - this.#position));
    while (this.#position < size) {
      throwIfAborted(signal);
      const bytes = buffer.subarray(0, Math.min(buffer.length, size - this.#position));
      await readBack(bytes, this.#position);
      this.update(this.#position, bytes);
    }
    return this.#digests.finish();
  }
}
