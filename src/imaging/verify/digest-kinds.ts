// Which digests there are: how lists call them, how many digits they have, and which can be computed here. Pure.
import { ALGORITHMS, DIGEST_DIGITS } from '../hash/digests.js';
import type { Algorithm } from '../hash/digests.js';

export interface DigestKind {
  /** For people. */
  readonly name: string;
  /** Undefined for one that cannot be computed here. */
  readonly algorithm: Algorithm | undefined;
}

/** Digits of digests that cannot be computed here. */
const OTHER_DIGITS: Readonly<Record<string, number>> = {
  whirlpool: 128,
  blake3: 64,
  streebog256: 64,
  streebog512: 128,
  md4: 32,
};
/** Other words for one, without dashes. */
const ALIASES: Readonly<Record<string, string>> = {
  sha: 'sha1',
  sha2224: 'sha224',
  sha2256: 'sha256',
  sha2384: 'sha384',
  sha2512: 'sha512',
  sha512224: 'sha512-224',
  sha512256: 'sha512-256',
  sha3224: 'sha3-224',
  sha3256: 'sha3-256',
  sha3384: 'sha3-384',
  sha3512: 'sha3-512',
  b2: 'blake2b',
  blake2: 'blake2b',
  blake2b512: 'blake2b',
  blake2s256: 'blake2s',
  b3: 'blake3',
  rmd160: 'ripemd160',
  wp: 'whirlpool',
  sfv: 'crc32',
  crc: 'crc32',
};
const BLAKE2B = /^(?:b2|blake2b?)(?:256|384|512)?$/;

/** The kind that a word such as "SHA-256" or "B2SUMS" means, where a digest of it has so many digits. */
export function findKind(word: string, digits: number): DigestKind | undefined {
  const plain = word
    .toLowerCase()
    .replaceAll(/[-_/ ]/g, '')
    .replace(/(?:check)?sums?$/, '');
  const name = ALIASES[plain] ?? plain;
  const algorithm = ALGORITHMS.find((one) => one === name);
  if (algorithm !== undefined && DIGEST_DIGITS[algorithm] === digits) return { name, algorithm };
  // BLAKE2b has digests of every length, of which OpenSSL computes the longest alone.
  if (BLAKE2B.test(plain) && digits < 128) return { name: `blake2b-${digits * 4}`, algorithm: undefined };
  return Object.hasOwn(OTHER_DIGITS, name) && OTHER_DIGITS[name] === digits
    ? { name, algorithm: undefined }
    : undefined;
}

/**
 * What a digest of so many digits can be when nobody says it, the likeliest first. CRC-32 is too short to be
 * guessed.
 */
export function possibleAlgorithms(digits: number): readonly Algorithm[] {
  return ALGORITHMS.filter((one) => one !== 'crc32' && DIGEST_DIGITS[one] === digits);
}
