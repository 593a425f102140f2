// Bounds the memory of all indexes of one user together. It lies in shared memory, so that indexes that are written in
// different threads count as one; what an index has taken is given back from any of them.
import { countBytes } from '../base/byte-count.js';
import { IsodriveError } from '../base/error.js';

/** Word of what is taken, in a user's buffer and in that of one index. */
const TAKEN = 0;
const WORD_BYTES = 8;

export interface BudgetBuffers {
  /** Bytes that all indexes of the user have taken. */
  readonly user: SharedArrayBuffer;
  /** Bytes that this one has taken. */
  readonly own: SharedArrayBuffer;
  /** Bytes that all may take together. */
  readonly limit: number;
}

/** One index's share of its user's budget. Made of buffers, which can be handed to another thread. */
export class IndexBudget {
  readonly buffers: BudgetBuffers;
  readonly #user: BigInt64Array;
  readonly #own: BigInt64Array;

  constructor(buffers: BudgetBuffers) {
    this.buffers = buffers;
    this.#user = new BigInt64Array(buffers.user);
    this.#own = new BigInt64Array(buffers.own);
  }

  /** A buffer of which nothing is taken. */
  static createBuffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(WORD_BYTES);
  }

  /** The index has come to so many bytes. Throws `quota`, and takes nothing, when that is too much for its user. */
  grow(bytes: number): void {
    const more = BigInt(bytes) - Atomics.load(this.#own, TAKEN);
    if (more <= 0n) return;
    const total = Atomics.add(this.#user, TAKEN, more) + more;
    if (total > BigInt(this.buffers.limit)) {
      Atomics.sub(this.#user, TAKEN, more);
      throw new IsodriveError(
        'quota',
        `Cannot index more: the discs of this user come to ${countBytes(total)} of index, ` +
          `expected at most ${this.buffers.limit}`,
      );
    }
    Atomics.add(this.#own, TAKEN, more);
  }

  /** The index is there already: it counts, even if it is too much. */
  adopt(bytes: number): void {
    const more = BigInt(bytes) - Atomics.exchange(this.#own, TAKEN, BigInt(bytes));
    Atomics.add(this.#user, TAKEN, more);
  }

  /** The index is gone. */
  release(): void {
    Atomics.sub(this.#user, TAKEN, Atomics.exchange(this.#own, TAKEN, 0n));
  }
}
