// Deterministic bytes and numbers, so that every machine and every run builds the same images.

/** xorshift32 (Marsaglia 2003): 32 bits a step, never 0. */
export class PseudoRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 === 0 ? 1 : seed >>> 0;
  }

  /** Next number, 1 to 2^32 - 1. */
  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state;
  }

  /** A number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + (this.next() % (high - low + 1));
  }

  /** Fills whole 32-bit words. */
  fill(words: Uint32Array): void {
    for (let i = 0; i < words.length; i += 1) words[i] = this.next();
  }
}
