// How long a bound mount waits for its client after the daemon that made it has died: clients see the connection end,
// and come back to the successor.

/** Milliseconds; clients try to come back for less (src/cli/bound-mount.ts). */
const PATIENCE = 15_000;

export class HolderDeadline {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /** Runs `release` unless `take` is called for the mount in time. */
  expect(id: string, release: () => Promise<void>): void {
    const expire = (): void => {
      this.#timers.delete(id);
      void release();
    };
    this.#timers.set(id, setTimeout(expire, PATIENCE).unref());
  }

  /** The mount has a client again, or has ended. */
  take(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  clear(): void {
    for (const id of [...this.#timers.keys()]) this.take(id);
  }
}
