// Counts logins that failed, by the peer's address, and keeps those who go on failing out for longer and longer, so
// that nobody finds a secret by trying. Other addresses are not concerned.
import { isIPv6 } from 'node:net';
import { plainAddress } from './listen-address.js';

/** Failures within a time, in milliseconds, that anybody may have. */
export const FREE_FAILURES = 10;
export const FREE_TIME = 60_000;
/** Milliseconds of the first refusal, of which each is twice the one before, and of the longest. */
export const FIRST_REFUSAL = 10_000;
export const LONGEST_REFUSAL = 15 * 60_000;
/** Milliseconds without a failure, behind a refusal, after which an address begins anew. */
export const FORGET_TIME = 60 * 60_000;
/** Addresses that are remembered; the one that has failed least recently makes room. */
export const MAX_ADDRESSES = 4096;

/** What became of logins. */
export interface LoginCounters {
  /** Logins that failed. */
  readonly failed: number;
  /** Connections and logins that were refused because too many had failed. */
  readonly refused: number;
  /** Addresses that are refused now. */
  readonly refusedAddresses: number;
}

export interface LoginGuardOptions {
  /** Told of each failure, but for those under way when the refusal began. */
  readonly onFailure?: ((peer: string, reason: string) => void) | undefined;
  /** Told when an address is refused for the first time, and for how many milliseconds. */
  readonly onRefusal?: ((peer: string, time: number) => void) | undefined;
  /** Milliseconds of a clock that only goes forward (default: the system's). */
  readonly now?: () => number;
}

interface History {
  failures: number;
  /** When the first of them was. */
  since: number;
  last: number;
  /** How often the address was refused. */
  refusals: number;
  refusedUntil: number;
}

export class LoginGuard {
  readonly #options: LoginGuardOptions;
  readonly #now: () => number;
  /** The least recent failure first. */
  readonly #histories = new Map<string, History>();
  #failed = 0;
  #refused = 0;

  constructor(options: LoginGuardOptions = {}) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get counters(): LoginCounters {
    const now = this.#now();
    const refusedAddresses = [...this.#histories.values()].filter((one) => now < one.refusedUntil).length;
    return { failed: this.#failed, refused: this.#refused, refusedAddresses };
  }

  /** Whether a peer may not even try now. Undefined, of Unix sockets, always may: their modes decide who comes. */
  refuses(address: string | undefined): boolean {
    if (address === undefined) return false;
    const history = this.#histories.get(keyOf(address));
    if (history === undefined || this.#now() >= history.refusedUntil) return false;
    this.#refused += 1;
    return true;
  }

  /** Notes that a login of the peer at `address` has failed. */
  fail(address: string | undefined, reason: string): void {
    this.#failed += 1;
    const peer = address === undefined ? 'a program of this machine' : plainAddress(address);
    if (address === undefined) {
      this.#options.onFailure?.(peer, reason);
      return;
    }
    const now = this.#now();
    const history = this.#historyOf(keyOf(address), now);
    history.last = now;
    if (now < history.refusedUntil) return;
    this.#options.onFailure?.(peer, reason);
    history.failures += 1;
    if (history.refusals === 0 && history.failures < FREE_FAILURES) return;
    const time = Math.min(FIRST_REFUSAL * 2 ** history.refusals, LONGEST_REFUSAL);
    history.refusals += 1;
    history.refusedUntil = now + time;
    if (history.refusals === 1) this.#options.onRefusal?.(peer, time);
  }

  #historyOf(key: string, now: number): History {
    const known = this.#histories.get(key);
    // Moves behind all others.
    this.#histories.delete(key);
    const isOver =
      known === undefined ||
      (known.refusals === 0 ? now - known.since >= FREE_TIME : now - known.last >= FORGET_TIME);
    const history = isOver ? { failures: 0, since: now, last: now, refusals: 0, refusedUntil: 0 } : known;
    this.#histories.set(key, history);
    const [oldest] = this.#histories.keys();
    if (this.#histories.size > MAX_ADDRESSES && oldest !== undefined) this.#histories.delete(oldest);
    return history;
  }
}

/** Who has one IPv6 address has the 2^64 of its subnet as well (RFC 4291 2.5.4). */
function keyOf(address: string): string {
  const plain = plainAddress(address);
  return isIPv6(plain) ? subnetOf(plain) : plain;
}

/** The first 64 bits, of which "::" stands for any number of zeros. */
function subnetOf(address: string): string {
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  // A last group may be an IPv4 address, which is two of them.
  const groups = before.length + after.length + (address.includes('.') ? 1 : 0);
  const zeros = tail === undefined ? 0 : 8 - groups;
  const all = [...before, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...after];
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
