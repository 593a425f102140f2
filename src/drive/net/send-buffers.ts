// The memory in which one connection's answers are read and sent: each has a buffer of its own from its first byte to
// its last, and all together no more than a limit, so that answers to many requests come one after another.
import { ByteBudget } from './byte-budget.js';
import { PIECE } from './server-memory.js';
import type { ServerMemory } from './server-memory.js';

/** Bytes in memory for one connection, whatever it asks for. */
const MAX_LENT = 4 * PIECE;

export class SendBuffers {
  readonly #memory: ServerMemory;
  readonly #limit = new ByteBudget(MAX_LENT);
  /** The piece that every connection has. */
  readonly #own = new ByteBudget(PIECE);

  constructor(memory: ServerMemory) {
    this.#memory = memory;
  }

  /**
   * Settles as `work` does with `length` bytes, PIECE at most, which are its own until then; it starts when there is
   * room, in the order of calls.
   */
  async lend<T>(length: number, work: (bytes: Buffer) => Promise<T>): Promise<T> {
    const giveBack = await this.#limit.take(PIECE);
    try {
      return await this.#lendPiece(length, work);
    } finally {
      giveBack();
    }
  }

  async #lendPiece<T>(length: number, work: (bytes: Buffer) => Promise<T>): Promise<T> {
    // Nobody waits for what all share: the own piece comes back as soon as this peer takes what it has asked for.
    const shared = this.#own.isAwaited ? undefined : this.#memory.shared;
    const giveBack = this.#own.tryToTake(PIECE) ?? shared?.tryToTake(PIECE) ?? (await this.#own.take(PIECE));
    const bytes = this.#memory.take(length);
    try {
      return await work(bytes);
    } finally {
      this.#memory.giveBack(bytes);
      giveBack();
    }
  }
}
