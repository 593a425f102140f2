// Hashes in the calling thread: for what is over before a thread would have started. The next read goes into the
// other slot meanwhile.
import { SLOT_BYTES } from './hasher.js';
import type { HashJob, HashPart, HashSlot, Hasher } from './hasher.js';
import { JobHashes } from './job-hashes.js';

const SLOTS = 2;

export class InlineHasher implements Hasher {
  readonly #hashes: JobHashes;
  readonly #slots: readonly HashSlot[];
  #turn = 0;

  constructor(jobs: readonly HashJob[]) {
    this.#hashes = new JobHashes(jobs);
    this.#slots = Array.from({ length: SLOTS }, (_, index) => ({ index, bytes: new Uint8Array(SLOT_BYTES) }));
  }

  /** Callers hold one slot while the next is being filled, never more. */
  take(): Promise<HashSlot> {
    this.#turn = (this.#turn + 1) % SLOTS;
    return Promise.resolve(this.#slots[this.#turn]!);
  }

  send({ bytes }: HashSlot, parts: readonly HashPart[]): void {
    this.#hashes.update(bytes, parts);
  }

  finish(): Promise<readonly string[]> {
    return Promise.resolve(this.#hashes.finish());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
