// The memory in which one connection's answers are read and sent: each has a buffer of its own from its first byte to
// its last, and all together no more than a limit, so that answers to many requests come one after another.
import type { BufferPool } from './buffer-pool.js';
import { ByteBudget } from './byte-budget.js';

export class SendBuffers {
  readonly #pool: BufferPool;
  readonly #budget: ByteBudget;

  /** `limit`: bytes that may be lent at a time; the pool may be that of other connections too. */
  constructor(pool: BufferPool, limit: number) {
    this.#pool = pool;
    this.#budget = new ByteBudget(limit);
  }

  /**
   * Settles as `work` does with `length` bytes, which are its own until then; it starts when there is room, in the order
   * of calls. More than the whole limit is lent when nothing else is.
   */
  async lend<T>(length: number, work: (bytes: Buffer) => Promise<T>): Promise<T> {
    const giveBack = await this.#budget.take(length);
    const bytes = this.#pool.take(length);
    try {
      return await work(bytes);
    } finally {
      this.#pool.giveBack(bytes);
      giveBack();
    }
  }
}
