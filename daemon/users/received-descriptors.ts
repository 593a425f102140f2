// Descriptors that came over a control connection. Whoever does not take one leaves it to be closed, so that none is
// left open whatever becomes of its message.
import { IsodriveError } from '../../src/base/error.js';
import { PASSED_NAMES } from '../../src/protocol/messages.js';
import type { PassedName } from '../../src/protocol/messages.js';

/** Descriptors that may have come without the message that names them. */
const MAX_WAITING = PASSED_NAMES.length;

/** Closes what nobody has taken; must not wait, as that may take for ever. */
export type CloseDescriptors = (descriptors: readonly number[]) => void;

/** Those of one message, by their names in it. */
export class ReceivedDescriptors implements Disposable {
  readonly #byName: Map<PassedName, number>;
  readonly #close: CloseDescriptors;

  constructor(byName: ReadonlyMap<PassedName, number>, close: CloseDescriptors) {
    this.#byName = new Map(byName);
    this.#close = close;
  }

  /** The descriptor, to look at. */
  get(name: PassedName): number | undefined {
    return this.#byName.get(name);
  }

  /** The descriptor, which is the caller's to close from now on. */
  take(name: PassedName): number | undefined {
    const descriptor = this.#byName.get(name);
    this.#byName.delete(name);
    return descriptor;
  }

  [Symbol.dispose](): void {
    this.#close([...this.#byName.values()]);
    this.#byName.clear();
  }
}

/** Those of one connection that no message has named yet, in the order in which they came. */
export class DescriptorQueue implements Disposable {
  readonly #close: CloseDescriptors;
  #waiting: number[] = [];

  constructor(close: CloseDescriptors) {
    this.#close = close;
  }

  /** `isCut`: the kernel has dropped some. Throws `usage` when there are too many. */
  push(descriptors: readonly number[], isCut: boolean): void {
    this.#waiting.push(...descriptors);
    if (!isCut && this.#waiting.length <= MAX_WAITING) return;
    throw new IsodriveError(
      'usage',
      `Found ${this.#waiting.length}${isCut ? ' or more' : ''} descriptors, expected at most ${MAX_WAITING}, named by their message`,
    );
  }

  /** Hands over those that a message names in its parameters. Throws `usage` when there are not as many. */
  claim(params: unknown): ReceivedDescriptors {
    const names = namesIn(params);
    if (names.length > this.#waiting.length) {
      throw new IsodriveError(
        'usage',
        `Message names ${names.length} descriptors, found ${this.#waiting.length}, expected them with it`,
      );
    }
    const taken = this.#waiting.splice(0, names.length);
    return new ReceivedDescriptors(new Map(names.map((name, i) => [name, taken[i]!])), this.#close);
  }

  [Symbol.dispose](): void {
    this.#close(this.#waiting);
    this.#waiting = [];
  }
}

/** What is no list of different names is refused when the parameters are checked, and names nothing. */
function namesIn(params: unknown): readonly PassedName[] {
  const { descriptors } = (params ?? {}) as { readonly descriptors?: unknown };
  if (!Array.isArray(descriptors) || descriptors.length > MAX_WAITING) return [];
  const names = PASSED_NAMES.filter((name) => descriptors.includes(name));
  return names.length === descriptors.length ? (descriptors as PassedName[]) : [];
}
