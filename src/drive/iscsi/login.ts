// The login phase (RFC 7143 6.3, 11.12, 11.13): names, authentication, parameters, in stages that the initiator leads.
import type { ByteStream } from '../net/byte-stream.js';
import { ConnectionLost } from '../net/byte-stream.js';
import type { ChapSecrets } from './chap.js';
import { ChapExchange } from './chap.js';
import type { Parameters } from './parameters.js';
import { defaultParameters, negotiateParameters } from './parameters.js';
import type { Pdu } from './pdu.js';
import {
  createHeader,
  encodePdu,
  MAX_RECEIVED_DATA,
  NO_DIGESTS,
  opcodeOf,
  readPdu,
  REQUEST,
  RESPONSE,
} from './pdu.js';
import { encodeKeys, TextCollector } from './text-keys.js';

const TRANSIT = 0x80;
const SECURITY = 0;
const OPERATIONAL = 1;
const FULL_FEATURE = 3;
/** Requests of one login. */
const MAX_REQUESTS = 32;

/** Status class and detail (RFC 7143 11.13.5). */
const SUCCESS = 0x0000;
const INITIATOR_ERROR = 0x0200;
const AUTHENTICATION_FAILED = 0x0201;
const TARGET_NOT_FOUND = 0x0203;
const UNSUPPORTED_VERSION = 0x0205;
const MISSING_PARAMETER = 0x0207;
const NO_SUCH_SESSION = 0x020a;

export interface LoginOptions {
  readonly targetName: string;
  readonly chap: ChapSecrets | undefined;
  /** A session identifying handle for the new session, not 0. */
  readonly handle: number;
  /** Whether this initiator may try a secret now. */
  readonly mayTry: () => boolean;
  /** Told why it was not let in. */
  readonly onFailure: (reason: string) => void;
}

/** What both sides have agreed on. */
export interface LoggedIn {
  readonly isDiscovery: boolean;
  /** Initiator name and ISID, which name a session (RFC 7143). */
  readonly sessionKey: string;
  readonly parameters: Parameters;
  /** Command number that comes next, and status number that we use next. */
  readonly commandNumber: number;
  readonly statusNumber: number;
}

/** Undefined when the initiator has left or was refused. Rejects with ConnectionLost. */
export async function logIn(stream: ByteStream, options: LoginOptions): Promise<LoggedIn | undefined> {
  const login = new Login(stream, options);
  for (let i = 0; i < MAX_REQUESTS; i += 1) {
    const pdu = await readPdu(stream, NO_DIGESTS);
    if (pdu === undefined) return undefined;
    if (opcodeOf(pdu) !== REQUEST.LOGIN) throw new ConnectionLost('Initiator sent no login');
    const outcome = await login.take(pdu);
    if (outcome === 'refused') return undefined;
    if (outcome !== 'more') return outcome;
  }
  throw new ConnectionLost('Initiator did not come to the end of its login');
}

class Login {
  readonly #stream: ByteStream;
  readonly #options: LoginOptions;
  readonly #parameters = defaultParameters();
  readonly #chap: ChapExchange | undefined;
  #isAuthenticated: boolean;
  #wantsChap = false;
  readonly #text = new TextCollector();
  #session: { isDiscovery: boolean; sessionKey: string } | undefined;
  #hasDeclared = false;
  #statusNumber = 1;

  constructor(stream: ByteStream, options: LoginOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#chap = options.chap === undefined ? undefined : new ChapExchange(options.chap);
    this.#isAuthenticated = options.chap === undefined;
  }

  async take(pdu: Pdu): Promise<LoggedIn | 'more' | 'refused'> {
    const { header } = pdu;
    const flags = header[1]!;
    const stage = (flags >> 2) & 3;
    const next = flags & 3;
    if (header[3]! > 0) return this.#refuse(pdu, UNSUPPORTED_VERSION);
    if (header.readUInt16BE(14) !== 0) return this.#refuse(pdu, NO_SUCH_SESSION);
    const keys = this.#text.take(pdu);
    if (keys === undefined) {
      await this.#respond(pdu, SUCCESS, stage << 2, []);
      return 'more';
    }
    const fault =
      this.#identify(keys, header) ??
      (stage === SECURITY || stage === OPERATIONAL ? undefined : INITIATOR_ERROR);
    if (fault !== undefined) return this.#refuse(pdu, fault);
    const answers =
      stage === SECURITY ? this.#authenticate(keys) : negotiateParameters(keys, this.#parameters);
    if (answers === undefined || (stage === OPERATIONAL && !this.#isAuthenticated)) {
      this.#options.onFailure(this.#wantsChap ? 'wrong CHAP name or secret' : 'no CHAP');
      return this.#refuse(pdu, AUTHENTICATION_FAILED);
    }
    const session = this.#session!;
    if (!this.#hasDeclared) {
      this.#hasDeclared = true;
      if (!session.isDiscovery) answers.push(['TargetPortalGroupTag', '1']);
    }
    if (stage === OPERATIONAL) answers.push(['MaxRecvDataSegmentLength', String(MAX_RECEIVED_DATA)]);
    const wantsOn = (flags & TRANSIT) !== 0;
    if (wantsOn && (next <= stage || next === 2)) return this.#refuse(pdu, INITIATOR_ERROR);
    // The initiator asks again after the last message of authentication.
    const goesOn = wantsOn && this.#isAuthenticated;
    await this.#respond(pdu, SUCCESS, (goesOn ? TRANSIT | next : 0) | (stage << 2), answers);
    if (!goesOn || next !== FULL_FEATURE) return 'more';
    return {
      ...session,
      parameters: this.#parameters,
      commandNumber: header.readUInt32BE(24),
      statusNumber: this.#statusNumber,
    };
  }

  /** Takes who and what for from the first request; gives the status that refuses it. */
  #identify(keys: ReadonlyMap<string, string>, header: Buffer): number | undefined {
    if (this.#session !== undefined) return undefined;
    const initiator = keys.get('InitiatorName');
    const isDiscovery = keys.get('SessionType') === 'Discovery';
    const target = keys.get('TargetName');
    if (initiator === undefined || initiator === '' || (!isDiscovery && target === undefined))
      return MISSING_PARAMETER;
    // Names are compared without regard to case (RFC 7143 4.2.7.1).
    if (target !== undefined && target.toLowerCase() !== this.#options.targetName) return TARGET_NOT_FOUND;
    this.#session = {
      isDiscovery,
      sessionKey: `${header.toString('hex', 8, 14)} ${initiator.toLowerCase()}`,
    };
    return undefined;
  }

  /** The security stage; undefined when the initiator has failed. */
  #authenticate(keys: ReadonlyMap<string, string>): [string, string][] | undefined {
    const methods = keys.get('AuthMethod')?.split(',');
    if (methods !== undefined) {
      const method = this.#chap === undefined ? 'None' : 'CHAP';
      if (!methods.includes(method)) return undefined;
      this.#wantsChap = method === 'CHAP';
      return [['AuthMethod', method]];
    }
    if (!this.#wantsChap || this.#isAuthenticated) return [];
    if (!this.#options.mayTry()) throw new ConnectionLost('Too many logins have failed');
    const step = this.#chap!.answer(keys);
    if (step?.done === true) this.#isAuthenticated = true;
    return step?.keys;
  }

  async #refuse(pdu: Pdu, status: number): Promise<'refused'> {
    await this.#respond(pdu, status, 0, []);
    return 'refused';
  }

  #respond({ header }: Pdu, status: number, flags: number, keys: [string, string][]): Promise<void> {
    const response = createHeader(RESPONSE.LOGIN, flags, header.readUInt32BE(16));
    header.copy(response, 8, 8, 14); // ISID
    if ((flags & (TRANSIT | FULL_FEATURE)) === (TRANSIT | FULL_FEATURE)) {
      response.writeUInt16BE(this.#options.handle, 14);
    }
    const expected = header.readUInt32BE(24);
    response.writeUInt32BE(this.#statusNumber, 24);
    response.writeUInt32BE(expected, 28);
    response.writeUInt32BE(expected, 32);
    response.writeUInt16BE(status, 36);
    this.#statusNumber = (this.#statusNumber + 1) >>> 0;
    return this.#stream.write(...encodePdu(NO_DIGESTS, response, encodeKeys(keys)));
  }
}
