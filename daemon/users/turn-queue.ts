// Lets users take turns: of each that has work, one piece is done in a turn of the event loop, so that one who floods
// the service makes the others wait for a piece at most.

export class TurnQueue {
  /** Work of each user, in the order in which users get their turn. */
  readonly #work = new Map<number, (() => void)[]>();
  #isRunning = false;

  /** `task` must not throw. */
  add(user: number, task: () => void): void {
    const waiting = this.#work.get(user);
    if (waiting === undefined) this.#work.set(user, [task]);
    else waiting.push(task);
    if (this.#isRunning) return;
    this.#isRunning = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    for (const [user, tasks] of [...this.#work]) {
      tasks.shift()!();
      if (tasks.length === 0) this.#work.delete(user);
    }
    this.#isRunning = this.#work.size > 0;
    if (this.#isRunning) setImmediate(() => this.#turn());
  }
}
