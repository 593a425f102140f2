// CHAP (RFC 7143 12.1.3, RFC 1994): the initiator proves that it knows a secret, and we that we know another.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A name, and what its owner knows. */
export interface Credentials {
  readonly name: string;
  readonly secret: string;
}

export interface ChapSecrets {
  readonly initiator: Credentials;
  /** Ours, for initiators that ask us to prove ourselves. */
  readonly target?: Credentials | undefined;
}

/** Secrets that are shorter than 96 bits can be found by trying (RFC 7143 9.2.1). */
export const MIN_SECRET_BYTES = 12;

/** Algorithms by their number (IANA "PPP Authentication Algorithms"). */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['7', 'sha256'],
  ['5', 'md5'],
]);
const CHALLENGE_BYTES = 16;
const MAX_CHALLENGE_BYTES = 1024;

/** One run of CHAP, from our side. */
export class ChapExchange {
  readonly #secrets: ChapSecrets;
  readonly #identifier = randomBytes(1)[0]!;
  readonly #challenge = randomBytes(CHALLENGE_BYTES);
  #algorithm: string | undefined;

  constructor(secrets: ChapSecrets) {
    this.#secrets = secrets;
  }

  /** Our answer to the keys of one request: `done` with the last; undefined when the initiator has failed. */
  answer(keys: ReadonlyMap<string, string>): { keys: [string, string][]; done: boolean } | undefined {
    if (this.#algorithm === undefined) return this.#challengeInitiator(keys);
    return this.#verify(keys, this.#algorithm);
  }

  #challengeInitiator(
    keys: ReadonlyMap<string, string>,
  ): { keys: [string, string][]; done: boolean } | undefined {
    const number = keys
      .get('CHAP_A')
      ?.split(',')
      .find((one) => ALGORITHMS.has(one));
    if (number === undefined) return undefined;
    this.#algorithm = ALGORITHMS.get(number);
    return {
      keys: [
        ['CHAP_A', number],
        ['CHAP_I', String(this.#identifier)],
        ['CHAP_C', `0x${this.#challenge.toString('hex')}`],
      ],
      done: false,
    };
  }

  #verify(
    keys: ReadonlyMap<string, string>,
    algorithm: string,
  ): { keys: [string, string][]; done: boolean } | undefined {
    const { initiator, target } = this.#secrets;
    const expected = respond(algorithm, this.#identifier, initiator.secret, this.#challenge);
    const response = decodeBinary(keys.get('CHAP_R'));
    if (response?.length !== expected.length || !timingSafeEqual(response, expected)) return undefined;
    if (keys.get('CHAP_N') !== initiator.name) return undefined;
    const identifier = keys.get('CHAP_I');
    if (identifier === undefined) return { keys: [], done: true };
    const challenge = decodeBinary(keys.get('CHAP_C'));
    // Our own challenge sent back would have us answer for the initiator (RFC 7143 12.1.3).
    if (target === undefined || challenge === undefined || challenge.equals(this.#challenge))
      return undefined;
    if (!/^\d{1,3}$/.test(identifier) || Number(identifier) > 255) return undefined;
    const ours = respond(algorithm, Number(identifier), target.secret, challenge);
    return {
      keys: [
        ['CHAP_N', target.name],
        ['CHAP_R', `0x${ours.toString('hex')}`],
      ],
      done: true,
    };
  }
}

/** RFC 1994, Challenge and Response: the hash over identifier, secret and challenge. */
export function respond(
  algorithm: string,
  identifier: number,
  secret: string,
  challenge: Uint8Array,
): Buffer {
  return createHash(algorithm).update(Uint8Array.of(identifier)).update(secret).update(challenge).digest();
}

/** Binary values: hexadecimal with "0x", or base 64 with "0b" (RFC 7143 6.1). */
function decodeBinary(value: string | undefined): Buffer | undefined {
  const [prefix, digits] = [value?.slice(0, 2).toLowerCase(), value?.slice(2) ?? ''];
  const bytes =
    prefix === '0x' && /^([0-9a-fA-F]{2})+$/.test(digits)
      ? Buffer.from(digits, 'hex')
      : prefix === '0b'
        ? Buffer.from(digits, 'base64')
        : undefined;
  return bytes === undefined || bytes.length === 0 || bytes.length > MAX_CHALLENGE_BYTES ? undefined : bytes;
}
