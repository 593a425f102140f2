// Work that native threads ask for by ticket, some of it at a time, in the order of asking; any of it may be called
// off.

/** Does the work; never rejects. */
type Run = (signal: AbortSignal) => Promise<void>;

export class WorkQueue {
  readonly #limit: number;
  /** In order of arrival. */
  readonly #waiting = new Map<number, Run>();
  readonly #running = new Map<number, AbortController>();

  /** `limit`: at a time. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#running.size === 0;
  }

  add(ticket: number, run: Run): void {
    this.#waiting.set(ticket, run);
    this.#startNext();
  }

  /** Gives up what nobody waits for any more. */
  cancel(ticket: number): void {
    this.#waiting.delete(ticket);
    this.#running.get(ticket)?.abort();
  }

  /** Gives up all work: the mount is gone. */
  close(): void {
    this.#waiting.clear();
    for (const controller of this.#running.values()) controller.abort();
  }

  #startNext(): void {
    while (this.#running.size < this.#limit) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      this.#waiting.delete(next[0]);
      void this.#run(...next);
    }
  }

  async #run(ticket: number, run: Run): Promise<void> {
    const controller = new AbortController();
    this.#running.set(ticket, controller);
    await run(controller.signal);
    this.#running.delete(ticket);
    this.#startNext();
  }
}
