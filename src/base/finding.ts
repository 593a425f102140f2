// Findings: survivable faults and quirks of an image. They are collected, never thrown, and shown by `info`.
import type { FaultLocation } from './error.js';

export interface Finding {
  /** Stable kebab-case code, such as "both-endian-mismatch". */
  readonly code: string;
  readonly severity: 'note' | 'warning' | 'damage';
  /** What was found, what was expected, and what was done. */
  readonly message: string;
  readonly at: FaultLocation;
}

/** Findings kept per image: a hostile disc can have one in every record. */
export const MAX_FINDINGS = 1000;

/** Bounded collector. Beyond MAX_FINDINGS only the count grows. */
export class FindingLog {
  readonly #findings: Finding[] = [];
  #count = 0;
  /** Told of every finding that is kept, as it is met; must not throw. */
  onFinding: ((finding: Finding) => void) | undefined;

  /** Asked of every finding first: one that it takes is neither kept nor counted. Must not throw. */
  takeBack: ((finding: Finding) => boolean) | undefined;

  add(finding: Finding): void {
    if (this.takeBack?.(finding) === true) return;
    this.#count += 1;
    if (this.#findings.length >= MAX_FINDINGS) return;
    this.#findings.push(finding);
    this.onFinding?.(finding);
  }

  /** Findings kept, in the order they were met. */
  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** All findings met, those not kept included. */
  get count(): number {
    return this.#count;
  }
}
