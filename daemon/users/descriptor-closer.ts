// Closes what users have passed and nobody wants. That may wait for ever: a file system of their own is asked first,
// and a socket may linger. So each user has one thread for it, and whoever lets it hang may pass nothing more.
import { loadAddon } from '../../native/index.js';
import { PoolIo } from '../../src/io/pool-io.js';

/**
 * Descriptors of one user that may wait to be closed: more than all of their connections pass in a turn of the
 * loop.
 */
export const MAX_UNCLOSED = 64;

interface Waiting {
  readonly pool: PoolIo;
  count: number;
}

export class DescriptorCloser {
  readonly #users = new Map<number, Waiting>();

  /** Never waits. */
  close(uid: number, descriptors: readonly number[]): void {
    if (descriptors.length === 0) return;
    const waiting = this.#users.get(uid) ?? { pool: new PoolIo(loadAddon(), 1), count: 0 };
    this.#users.set(uid, waiting);
    for (const descriptor of descriptors) {
      waiting.count += 1;
      void waiting.pool
        .closeInTurn(descriptor)
        .catch(() => undefined)
        .finally(() => this.#end(uid, waiting));
    }
  }

  /** Whether too many descriptors of a user wait to be closed. */
  isStuck(uid: number): boolean {
    return (this.#users.get(uid)?.count ?? 0) > MAX_UNCLOSED;
  }

  #end(uid: number, waiting: Waiting): void {
    waiting.count -= 1;
    if (waiting.count > 0) return;
    waiting.pool[Symbol.dispose]();
    this.#users.delete(uid);
  }
}
