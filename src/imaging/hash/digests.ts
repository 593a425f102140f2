// Digests of one run of bytes, several at once.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { IsodriveError } from '../../base/error.js';

/** Those that users can ask for. */
export const OFFERED_ALGORITHMS = ['md5', 'sha1', 'sha256', 'sha512', 'blake2b'] as const;
/** All that can be computed; of those with as many digits the likeliest comes first. */
export const ALGORITHMS = [
  ...OFFERED_ALGORITHMS,
  ...(['crc32', 'ripemd160', 'sha224', 'sha3-224', 'sha512-224', 'sha3-256', 'blake2s', 'sm3'] as const),
  ...(['sha512-256', 'sha384', 'sha3-384', 'sha3-512'] as const),
] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Lower-case hexadecimal digests by algorithm. */
export type Digests = Readonly<Partial<Record<Algorithm, string>>>;

/** Hexadecimal digits of a digest of each algorithm. */
export const DIGEST_DIGITS: Readonly<Record<Algorithm, number>> = {
  crc32: 8,
  md5: 32,
  sha1: 40,
  ripemd160: 40,
  sha224: 56,
  'sha3-224': 56,
  'sha512-224': 56,
  sha256: 64,
  'sha3-256': 64,
  'sha512-256': 64,
  blake2s: 64,
  sm3: 64,
  sha384: 96,
  'sha3-384': 96,
  sha512: 128,
  'sha3-512': 128,
  blake2b: 128,
};
/** OpenSSL's names where they are not ours. */
const OPENSSL_NAMES: Readonly<Partial<Record<Algorithm, string>>> = {
  blake2b: 'blake2b512',
  blake2s: 'blake2s256',
};

/** Parses "md5,sha256"; every name once. Throws `usage` for others. */
export function parseAlgorithms(text: string): Algorithm[] {
  const names = new Set(text.split(',').map((name) => name.trim().toLowerCase()));
  return Array.from(names, (name) => {
    const found = OFFERED_ALGORITHMS.find((one) => one === name);
    if (found !== undefined) return found;
    throw new IsodriveError(
      'usage',
      `Algorithm is "${name}", expected some of ${OFFERED_ALGORITHMS.join(', ')}`,
    );
  });
}

/** What takes bytes and gives their digest at the end. */
export interface RunningHash {
  update(bytes: Uint8Array): RunningHash;
  /** Lower-case hexadecimal. */
  digest(encoding: 'hex'): string;
}

/** The hash of an algorithm, of no bytes yet. */
export function startHash(algorithm: Algorithm): RunningHash {
  if (algorithm === 'crc32') return new Crc32();
  return createHash(OPENSSL_NAMES[algorithm] ?? algorithm);
}

/** CRC-32 of ISO 3309, as in .sfv files. */
class Crc32 implements RunningHash {
  #value = 0;

  update(bytes: Uint8Array): this {
    this.#value = crc32(bytes, this.#value);
    return this;
  }

  digest(): string {
    return this.#value.toString(16).padStart(8, '0');
  }
}

export class DigestSet {
  readonly #hashes: readonly (readonly [Algorithm, RunningHash])[];

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
