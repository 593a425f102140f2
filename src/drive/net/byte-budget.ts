// Bounds what requests take together, such as memory: who asks for more than is left waits its turn, or does without.

interface Waiter {
  readonly bytes: number;
  readonly admit: () => void;
}

export class ByteBudget {
  readonly #total: number;
  #left: number;
  readonly #waiters: Waiter[] = [];

  constructor(total: number) {
    this.#total = total;
    this.#left = total;
  }

  /**
   * Resolves when `bytes` of the budget are the caller's, in the order of calls; gives the function that returns them,
   * to be called once. More than the whole budget counts as the whole.
   */
  async take(bytes: number): Promise<() => void> {
    const taken = this.tryToTake(bytes);
    if (taken !== undefined) return taken;
    const share = Math.min(bytes, this.#total);
    await new Promise<void>((admit) => this.#waiters.push({ bytes: share, admit }));
    return () => this.#giveBack(share);
  }

  /** Like `take`, but gives undefined where it would wait. */
  tryToTake(bytes: number): (() => void) | undefined {
    const share = Math.min(bytes, this.#total);
    if (this.#waiters.length > 0 || share > this.#left) return undefined;
    this.#left -= share;
    return () => this.#giveBack(share);
  }

  get isAwaited(): boolean {
    return this.#waiters.length > 0;
  }

  #giveBack(bytes: number): void {
    this.#left += bytes;
    for (
      let next = this.#waiters[0];
      next !== undefined && next.bytes <= this.#left;
      next = this.#waiters[0]
    ) {
      this.#waiters.shift();
      this.#left -= next.bytes;
      next.admit();
    }
  }
}
