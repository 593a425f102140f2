// Digests of one run of bytes, several at once.
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { IsodriveError } from '../base/error.js';

export const ALGORITHMS = ['md5', 'sha1', 'sha256', 'sha512', 'blake2b'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Lower-case hexadecimal digests by algorithm. */
export type Digests = Readonly<Partial<Record<Algorithm, string>>>;

/** Hexadecimal digits of a digest of each algorithm. */
export const DIGEST_DIGITS: Readonly<Record<Algorithm, number>> = {
  md5: 32,
  sha1: 40,
  sha256: 64,
  sha512: 128,
  blake2b: 128,
};

/** Parses "md5,sha256"; every name once. Throws `usage` for others. */
export function parseAlgorithms(text: string): Algorithm[] {
  const names = new Set(text.split(',').map((name) => name.trim().toLowerCase()));
  return Array.from(names, (name) => {
    const found = ALGORITHMS.find((one) => one === name);
    if (found !== undefined) return found;
    throw new IsodriveError('usage', `Algorithm is "${name}", expected some of ${ALGORITHMS.join(', ')}`);
  });
}

/** A hash of node's for one of ours. */
export function startHash(algorithm: Algorithm): Hash {
  return createHash(algorithm === 'blake2b' ? 'blake2b512' : algorithm);
}

export class DigestSet {
  readonly #hashes: readonly (readonly [Algorithm, Hash])[];

  constructor(algorithms: readonly Algorithm[]) {
    this.#hashes = algorithms.map((algorithm) => [algorithm, startHash(algorithm)]);
  }

  update(bytes: Uint8Array): void {
    for (const [, hash] of this.#hashes) hash.update(bytes);
  }

  /** The digests; the set takes no more bytes. */
  finish(): Digests {
    return Object.fromEntries(this.#hashes.map(([algorithm, hash]) => [algorithm, hash.digest('hex')]));
  }
}
