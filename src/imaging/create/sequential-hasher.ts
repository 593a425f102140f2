// Hashes a whole image while it is read: bytes in order are hashed as they come; from the first place on that came
// out of order, because it was bad or was read by an earlier run, they are read back from the image at the end.
import { throwIfAborted } from '../../base/abortable.js';
import type { Algorithm, Digests } from '../hash/digests.js';
import { SLOT_BYTES } from '../hash/hasher.js';
import type { HashSlot, Hasher } from '../hash/hasher.js';
import { startHasher } from '../hash/start-hasher.js';

/** Fills `target` from `position` on. */
export type ReadBack = (target: Uint8Array, position: number) => Promise<void>;

export class SequentialHasher implements AsyncDisposable {
  readonly #algorithms: readonly Algorithm[];
  readonly #hasher: Hasher;
  #position = 0;

  /** `size`: bytes that will come at most. */
  constructor(algorithms: readonly Algorithm[], size: number) {
    this.#algorithms = algorithms;
    this.#hasher = startHasher(algorithms.map((algorithm) => ({ algorithm, size })));
  }

  /** Takes bytes that were read, in any order; they may be changed once it has settled. One call at a time. */
  async update(position: number, bytes: Uint8Array): Promise<void> {
    if (position !== this.#position) return;
    for (let done = 0; done < bytes.length; done += SLOT_BYTES) {
      const slot = await this.#hasher.take();
      const part = bytes.subarray(done, done + SLOT_BYTES);
      slot.bytes.set(part);
      this.#send(slot, part.length);
    }
  }

  /**
   * Digests of the first `size` bytes; what was not hashed yet is read back. Undefined when more was hashed
   * already.
   */
  async finish(size: number, readBack: ReadBack, signal?: AbortSignal): Promise<Digests | undefined> {
    if (this.#position > size) return undefined;
    while (this.#position < size) {
      throwIfAborted(signal);
      const slot = await this.#hasher.take();
      const length = Math.min(SLOT_BYTES, size - this.#position);
      await readBack(slot.bytes.subarray(0, length), this.#position);
      this.#send(slot, length);
    }
    const digests = await this.#hasher.finish();
    return Object.fromEntries(this.#algorithms.map((algorithm, job) => [algorithm, digests[job]!]));
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#hasher[Symbol.asyncDispose]();
  }

  #send(slot: HashSlot, length: number): void {
    this.#hasher.send(
      slot,
      this.#algorithms.map((_, job) => ({ job, from: 0, to: length })),
    );
    this.#position += length;
  }
}
