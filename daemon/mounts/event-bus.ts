// Hands every event to whoever watches. Mounts emit, connections listen; neither knows the other.
import type { FileOwner } from '../../src/mount/mount-driver.js';
import type { DaemonEvent } from '../../src/protocol/messages.js';

/** `owner`: whose event it is; undefined where it is everybody's. */
export type EventListener = (event: DaemonEvent, owner: FileOwner | undefined) => void;

export class EventBus {
  readonly #listeners = new Set<EventListener>();

  /** Somebody listens. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /** Gives the function that ends the subscription. A listener must not throw. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: DaemonEvent, owner?: FileOwner): void {
    for (const listener of [...this.#listeners]) listener(event, owner);
  }
}
