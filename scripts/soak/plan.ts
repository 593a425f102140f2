// The order and the parameters of events, which follow from the seed alone: whatever time each takes, event n of a
// seed is always the same.
import { PseudoRandom } from '../support/pseudo-random.js';

/** Steps of a generator after which close seeds have nothing in common any more. */
const WARM_UP = 8;
const SPREAD = 0x9e3779b1;

export interface PlannedEvent<T> {
  /** From 1. */
  readonly number: number;
  readonly event: T;
  /** For its parameters. */
  readonly random: PseudoRandom;
}

/** Rounds of all events, each round in an order of its own. Never ends. */
export function* planEvents<T>(events: readonly T[], seed: number): Generator<PlannedEvent<T>> {
  const order = generatorOf(seed, 0);
  for (let number = 1; ;) {
    for (const event of shuffle(events, order)) {
      yield { number, event, random: generatorOf(seed, number) };
      number += 1;
    }
  }
}

function generatorOf(seed: number, number: number): PseudoRandom {
  const random = new PseudoRandom((seed + Math.imul(number, SPREAD)) >>> 0);
  for (let i = 0; i < WARM_UP; i += 1) random.next();
  return random;
}

/** Fisher and Yates. */
function shuffle<T>(list: readonly T[], random: PseudoRandom): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i -= 1) {
    const j = random.between(0, i);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/** One of a list. */
export function choose<T>(random: PseudoRandom, list: readonly T[]): T {
  return list[random.between(0, list.length - 1)]!;
}
