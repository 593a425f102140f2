// What the drive remembers of one initiator: what it has not been told yet, and whether it forbids the removal.
import type { Sense } from './sense.js';
import { RESET_OCCURRED } from './sense.js';

/** Media events (MMC-6). */
export const NO_EVENT = 0;
export const EJECT_REQUEST = 1;
export const NEW_MEDIUM = 2;
export const MEDIUM_REMOVAL = 3;

/** Events kept for an initiator that does not ask: what counts is the latest state. */
const MAX_EVENTS = 16;

export class Nexus {
  #attention: Sense | undefined = RESET_OCCURRED;
  readonly #events: number[] = [];
  /** PREVENT ALLOW MEDIUM REMOVAL, of this initiator. */
  preventsRemoval = false;

  /** Gives the pending unit attention, and clears it. */
  takeAttention(): Sense | undefined {
    const attention = this.#attention;
    this.#attention = undefined;
    return attention;
  }

  /** A later attention takes the place of an earlier one, except that a reset says more than anything else. */
  raiseAttention(sense: Sense): void {
    if (this.#attention !== RESET_OCCURRED) this.#attention = sense;
  }

  addEvent(event: number): void {
    if (this.#events.length === MAX_EVENTS) this.#events.shift();
    this.#events.push(event);
  }

  takeEvent(): number {
    return this.#events.shift() ?? NO_EVENT;
  }
}
