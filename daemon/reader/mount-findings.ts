// The findings of a mount, whoever met them: a reader, the one after it, which meets some of them again, or a daemon
// that died.
import type { Finding } from '../../src/base/finding.js';
import { MAX_FINDINGS } from '../../src/base/finding.js';

export class MountFindings {
  /** Told of every finding that is new, as it is met; must not throw. */
  onFinding: ((finding: Finding) => void) | undefined;
  readonly #met = new Map<string, Finding>();
  #count: number;

  /** `findings`: met before, `count` with those that were not kept. */
  constructor(findings: readonly Finding[] = [], count = findings.length) {
    this.#count = count;
    for (const finding of findings) this.#met.set(keyOf(finding), finding);
  }

  /** Those kept, in the order they were met. */
  get findings(): readonly Finding[] {
    return [...this.#met.values()];
  }

  /** All of them, those not kept included. */
  get count(): number {
    return this.#count;
  }

  /** `count`: of all that its finder has met so far. */
  add(finding: Finding, count = 0): void {
    const key = keyOf(finding);
    if (this.#met.has(key) || this.#met.size >= MAX_FINDINGS) {
      this.#count = Math.max(this.#count, count);
      return;
    }
    this.#met.set(key, finding);
    this.#count = Math.max(this.#count, count, this.#met.size);
    this.onFinding?.(finding);
  }
}

function keyOf({ code, message, at }: Finding): string {
  return `${code} ${at.offset ?? ''} ${message}`;
}
