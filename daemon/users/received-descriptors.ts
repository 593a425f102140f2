// Descriptors that came over a control connection. Whoever does not take one leaves it to be closed, so that none is
// left open whatever becomes of its message.
import { IsodriveError } from '../../src/base/error.js';
import type { NamedDescriptor } from '../../src/mount/mount-driver.js';
import { MAX_PASSED, MAX_PASSED_BESIDE, PASSED_NAMES } from '../../src/protocol/messages.js';
import type { PassedName } from '../../src/protocol/messages.js';

/** What is done with the descriptors of one user; none of it may wait, as closing may take for ever. */
export interface DescriptorOwner {
  /** So many have come. Throws `quota` when they are too many; they are to be closed all the same. */
  receive(count: number): void;
  /** So many are somebody else's now. */
  giveAway(count: number): void;
  /** Closes what nobody has taken. */
  close(descriptors: readonly number[]): void;
}

/** Those of one message, by their names in it. */
export class ReceivedDescriptors implements Disposable {
  readonly #byName: Map<PassedName, number>;
  readonly #owner: DescriptorOwner;
  #beside: readonly NamedDescriptor[];

  constructor(
    byName: ReadonlyMap<PassedName, number>,
    owner: DescriptorOwner,
    beside: readonly NamedDescriptor[] = [],
  ) {
    this.#byName = new Map(byName);
    this.#owner = owner;
    this.#beside = beside;
  }

  /** The descriptor, to look at. */
  get(name: PassedName): number | undefined {
    return this.#byName.get(name);
  }

  /** Those of the files beside the image, to look at. */
  get beside(): readonly NamedDescriptor[] {
    return this.#beside;
  }

  /** The descriptor, which is the caller's to close from now on. */
  take(name: PassedName): number | undefined {
    const descriptor = this.#byName.get(name);
    if (this.#byName.delete(name)) this.#owner.giveAway(1);
    return descriptor;
  }

  /** All of the files beside the image, which are the caller's to close from now on. */
  takeBeside(): readonly NamedDescriptor[] {
    const taken = this.#beside;
    this.#beside = [];
    this.#owner.giveAway(taken.length);
    return taken;
  }

  [Symbol.dispose](): void {
    this.#owner.close([...this.#byName.values(), ...this.#beside.map(({ descriptor }) => descriptor)]);
    this.#byName.clear();
    this.#beside = [];
  }
}

/** Those of one connection that no message has named yet, in the order in which they came. */
export class DescriptorQueue implements Disposable {
  readonly #owner: DescriptorOwner;
  #waiting: number[] = [];

  constructor(owner: DescriptorOwner) {
    this.#owner = owner;
  }

  /** `isCut`: the kernel has dropped some. Throws `usage` or `quota` when there are too many. */
  push(descriptors: readonly number[], isCut: boolean): void {
    this.#waiting.push(...descriptors);
    this.#owner.receive(descriptors.length);
    if (!isCut && this.#waiting.length <= MAX_PASSED) return;
    throw new IsodriveError(
      'usage',
      `Found ${this.#waiting.length}${isCut ? ' or more' : ''} descriptors, ` +
        `expected at most ${MAX_PASSED}, named by their message`,
    );
  }

  /** Hands over those that a message names in its parameters. Throws `usage` when there are not as many. */
  claim(params: unknown): ReceivedDescriptors {
    const { names, beside } = namesIn(params);
    const count = names.length + beside.length;
    if (count > this.#waiting.length) {
      throw new IsodriveError(
        'usage',
        `Message names ${count} descriptors, found ${this.#waiting.length}, expected them with it`,
      );
    }
    const taken = this.#waiting.splice(0, count);
    return new ReceivedDescriptors(
      new Map(names.map((name, i) => [name, taken[i]!])),
      this.#owner,
      beside.map((name, i) => ({ name, descriptor: taken[names.length + i]! })),
    );
  }

  [Symbol.dispose](): void {
    this.#owner.close(this.#waiting);
    this.#waiting = [];
  }
}

interface MessageNames {
  readonly names: readonly PassedName[];
  readonly beside: readonly string[];
}

/** What are no lists of different names is refused when the parameters are checked, and names nothing. */
function namesIn(params: unknown): MessageNames {
  const { descriptors = [], beside = [] } = (params ?? {}) as Readonly<Record<string, unknown>>;
  const isNamed = isListOf(descriptors, PASSED_NAMES.length) && isListOf(beside, MAX_PASSED_BESIDE);
  if (!isNamed) return { names: [], beside: [] };
  const names = PASSED_NAMES.filter((name) => descriptors.includes(name));
  return names.length === descriptors.length
    ? { names: descriptors as PassedName[], beside }
    : { names: [], beside: [] };
}

function isListOf(value: unknown, most: number): value is string[] {
  return Array.isArray(value) && value.length <= most && value.every((one) => typeof one === 'string');
}
