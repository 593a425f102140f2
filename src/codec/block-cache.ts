// Keeps blocks that cost work to make (decoded content) within a budget of bytes. Whoever wants a block that is being
// made waits for it: readers of one block make it once, and one of them may stop waiting without stopping the others.
import { LRUCache } from 'lru-cache';
import { abortable } from '../base/abortable.js';

export class BlockCache {
  readonly #blocks: LRUCache<string, Uint8Array>;
  readonly #pending = new Map<string, Promise<Uint8Array>>();

  /** `budget` in bytes; blocks in the making do not count. */
  constructor(budget: number) {
    this.#blocks = new LRUCache({ maxSize: budget, sizeCalculation: (bytes) => Math.max(1, bytes.length) });
  }

  /**
   * The block of that name, made by `make` unless it is there or in the making; nobody may write to it. Rejects as
   * `make` does, after which the next call tries again, and with `cancelled`.
   */
  get(name: string, make: () => Promise<Uint8Array>, signal?: AbortSignal): Promise<Uint8Array> {
    const cached = this.#blocks.get(name);
    if (cached !== undefined) return Promise.resolve(cached);
    return abortable(this.#pending.get(name) ?? this.#start(name, make), signal);
  }

  /** Whether a block is there or in the making. */
  has(name: string): boolean {
    return this.#blocks.has(name) || this.#pending.has(name);
  }

  #start(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const work = make()
      .then((bytes) => {
        this.#blocks.set(name, bytes);
        return bytes;
      })
      .finally(() => this.#pending.delete(name));
    // All its readers may have stopped waiting: a fault that none waits for is nobody's.
    work.catch(() => undefined);
    this.#pending.set(name, work);
    return work;
  }
}
