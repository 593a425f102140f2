// The memory in which all connections of a server read and send answers. Each has a piece of its own, so that peers
// that take nothing hold up nobody else; what a connection has beyond that is of one budget for all of them.
import { tryToLoadAddon } from '../../io/load-addon.js';
import { BufferPool } from './buffer-pool.js';
import { ByteBudget } from './byte-budget.js';
import { MAX_CONNECTIONS } from './connection-room.js';

/** Bytes of a piece: few enough to stay in the processor's cache from image to socket. */
export const PIECE = 256 * 1024;
/** Bytes beyond the pieces of their own that are lent to all connections together. */
const MAX_SHARED = 64 * PIECE;
/** Bytes that are lent at a time at most, whatever the peers ask for. */
export const MAX_SERVER_BYTES = MAX_CONNECTIONS * PIECE + MAX_SHARED;
/** Milliseconds without an answer under way after which the memory goes back to the system. */
const IDLE_TIME = 5000;

export class ServerMemory {
  readonly shared = new ByteBudget(MAX_SHARED);
  readonly #pool = new BufferPool(PIECE);
  readonly #idleTime: number;
  #lent = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `idleTime`: milliseconds (default: 5 s). */
  constructor(idleTime = IDLE_TIME) {
    this.#idleTime = idleTime;
  }

  /** Bytes that are with connections now. */
  get lent(): number {
    return this.#lent;
  }

  /** Bytes that wait to be lent again. */
  get kept(): number {
    return this.#pool.kept;
  }

  /** At most PIECE bytes, of which the caller has room in a budget. */
  take(length: number): Buffer {
    clearTimeout(this.#timer);
    this.#lent += PIECE;
    return this.#pool.take(length);
  }

  /** What `take` gave, once: nobody reads or writes it any more. */
  giveBack(bytes: Buffer): void {
    this.#lent -= PIECE;
    this.#pool.giveBack(bytes);
    if (this.#lent === 0) this.#timer = setTimeout(() => this.#rest(), this.#idleTime).unref();
  }

  #rest(): void {
    this.#pool.clear();
    // What TLS had in memory is free as well, and still the process's.
    tryToLoadAddon()?.trimMemory();
  }
}
