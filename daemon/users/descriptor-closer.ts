// Descriptors that users have passed and that no mount has taken: how many each has, and how they are closed. Closing
// may wait for ever: a file system of their own is asked first, and a socket may linger. So each user has one thread
// for it, and whoever lets it hang may pass nothing more.
import { loadAddon } from '../../native/index.js';
import { IsodriveError } from '../../src/base/error.js';
import { PoolIo } from '../../src/io/pool-io.js';
import { MAX_PASSED } from '../../src/protocol/messages.js';
import type { DescriptorOwner } from './received-descriptors.js';

/** Descriptors of one user that may be here: those of five calls with as many files as an image may have. */
export const MAX_UNTAKEN = 5 * MAX_PASSED;
/** How many of them may wait to be closed: room for one call stays. */
export const MAX_UNCLOSED = MAX_UNTAKEN - MAX_PASSED;

interface Untaken {
  /** Named by no message yet, or by one that is under way. */
  waiting: number;
  closing: number;
  pool: PoolIo | undefined;
}

export class DescriptorCloser {
  readonly #users = new Map<number, Untaken>();

  /** What is done with the descriptors of a user; `onStuck` is called when too many of them wait to be closed. */
  ofUser(uid: number, onStuck: () => void = () => undefined): DescriptorOwner {
    return {
      receive: (count) => this.#receive(uid, count),
      giveAway: (count) => this.#giveAway(uid, count),
      close: (descriptors) => {
        this.#close(uid, descriptors);
        if (this.isStuck(uid)) onStuck();
      },
    };
  }

  /** Whether too many descriptors of a user wait to be closed. */
  isStuck(uid: number): boolean {
    return (this.#users.get(uid)?.closing ?? 0) > MAX_UNCLOSED;
  }

  #receive(uid: number, count: number): void {
    if (count === 0) return;
    const found = this.#users.get(uid) ?? { waiting: 0, closing: 0, pool: undefined };
    this.#users.set(uid, found);
    found.waiting += count;
    const total = found.waiting + found.closing;
    if (total <= MAX_UNTAKEN) return;
    throw new IsodriveError(
      'quota',
      `User ${uid} has passed ${total} descriptors that no mount has taken yet, expected at most ${MAX_UNTAKEN}`,
      { action: 'Wait for some of the calls to end' },
    );
  }

  #giveAway(uid: number, count: number): void {
    const found = this.#users.get(uid);
    if (found === undefined) return;
    found.waiting -= count;
    this.#forgetIdle(uid, found);
  }

  /** Never waits. */
  #close(uid: number, descriptors: readonly number[]): void {
    const found = this.#users.get(uid);
    if (found === undefined || descriptors.length === 0) return;
    found.pool ??= new PoolIo(loadAddon(), 1);
    found.waiting -= descriptors.length;
    found.closing += descriptors.length;
    for (const descriptor of descriptors) {
      void found.pool
        .closeInTurn(descriptor)
        .catch(() => undefined)
        .finally(() => {
          found.closing -= 1;
          this.#forgetIdle(uid, found);
        });
    }
  }

  #forgetIdle(uid: number, found: Untaken): void {
    if (found.closing === 0) {
      found.pool?.[Symbol.dispose]();
      found.pool = undefined;
    }
    if (found.waiting + found.closing === 0) this.#users.delete(uid);
  }
}
