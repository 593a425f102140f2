// Whether a task is still wanted. The signal is made only for those who wait for the medium: making one takes longer
// than most tasks do.
export class Cancellation {
  #controller: AbortController | undefined;
  #isCancelled = false;

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isCancelled) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#controller?.abort();
  }

  /** Throws what the signal gives as its reason. */
  throwIfCancelled(): void {
    if (this.#isCancelled) this.signal.throwIfAborted();
  }
}
