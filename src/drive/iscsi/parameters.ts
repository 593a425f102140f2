// Negotiation of operational parameters (RFC 7143 13): what the initiator offers, and the one answer to each.
import { chooseDigest } from './crc32c.js';
import type { Digests } from './pdu.js';
import { MAX_RECEIVED_DATA, NO_DIGESTS } from './pdu.js';

/** Bytes of data that an initiator takes in one PDU unless it says more (RFC 7143 13.12). */
const DEFAULT_RECEIVED_DATA = 8192;
const MIN_RECEIVED_DATA = 512;
/** RFC 7143 13.13. */
const DEFAULT_BURST = 262_144;
const MAX_BURST = 16 * 1024 * 1024 - 1;

export interface Parameters {
  digests: Digests;
  /** Bytes of data in one PDU to the initiator. */
  maxDataIn: number;
  /** Bytes of data in one sequence of PDUs. */
  maxBurst: number;
}

export function defaultParameters(): Parameters {
  return {
    digests: NO_DIGESTS,
    maxDataIn: DEFAULT_RECEIVED_DATA,
    maxBurst: DEFAULT_BURST,
  };
}

const NOT_UNDERSTOOD = 'NotUnderstood';
const REJECT = 'Reject';

/** The larger, or the smaller, of the initiator's number and ours; Reject where it sent none. */
const atLeast = (ours: number) => (value: string) => pickNumber(value, (theirs) => Math.max(theirs, ours));
const atMost = (ours: number) => (value: string) => pickNumber(value, (theirs) => Math.min(theirs, ours));
const always = (answer: string) => () => answer;

/** Answers that change nothing in how we send. */
const PLAIN_ANSWERS: ReadonlyMap<string, (value: string) => string> = new Map([
  ['MaxConnections', atMost(1)],
  ['InitialR2T', always('Yes')],
  ['ImmediateData', (value) => (value === 'Yes' || value === 'No' ? value : REJECT)],
  ['FirstBurstLength', atMost(MAX_RECEIVED_DATA)],
  ['DefaultTime2Wait', atLeast(0)],
  ['DefaultTime2Retain', atMost(0)],
  ['MaxOutstandingR2T', atMost(1)],
  ['DataPDUInOrder', always('Yes')],
  ['DataSequenceInOrder', always('Yes')],
  ['ErrorRecoveryLevel', atMost(0)],
  ['IFMarker', always('No')],
  ['OFMarker', always('No')],
  ['TaskReporting', (value) => (value.split(',').includes('RFC3720') ? 'RFC3720' : REJECT)],
  ['iSCSIProtocolLevel', atMost(1)],
]);

/** Keys that declare and want no answer. */
const DECLARATIONS = ['InitiatorName', 'InitiatorAlias', 'SessionType', 'TargetName'];

/** Answers the keys of one request, and changes `parameters` by them. */
export function negotiateParameters(
  keys: ReadonlyMap<string, string>,
  parameters: Parameters,
): [string, string][] {
  const answers: [string, string][] = [];
  for (const [key, value] of keys) {
    if (DECLARATIONS.includes(key)) continue;
    const answer = answerKey(key, value, parameters);
    if (answer !== undefined) answers.push([key, answer]);
  }
  return answers;
}

function answerKey(key: string, value: string, parameters: Parameters): string | undefined {
  switch (key) {
    case 'HeaderDigest':
    case 'DataDigest': {
      const chosen = value.split(',').find((name) => name === 'CRC32C' || name === 'None');
      const part = key === 'HeaderDigest' ? 'header' : 'data';
      parameters.digests = {
        ...parameters.digests,
        [part]: chosen === 'CRC32C' ? chooseDigest() : undefined,
      };
      return chosen ?? REJECT;
    }
    case 'MaxRecvDataSegmentLength': {
      const bytes = parseNumber(value);
      if (bytes === undefined || bytes < MIN_RECEIVED_DATA) return REJECT;
      parameters.maxDataIn = Math.min(bytes, MAX_BURST);
      return undefined;
    }
    case 'MaxBurstLength': {
      const answer = atMost(MAX_BURST)(value);
      if (answer !== REJECT) parameters.maxBurst = Math.max(MIN_RECEIVED_DATA, Number(answer));
      return answer;
    }
    default:
      return PLAIN_ANSWERS.get(key)?.(value) ?? NOT_UNDERSTOOD;
  }
}

function pickNumber(value: string, pick: (theirs: number) => number): string {
  const theirs = parseNumber(value);
  return theirs === undefined ? REJECT : String(pick(theirs));
}

/** Decimal, or hexadecimal with "0x" (RFC 7143 6.1). */
function parseNumber(value: string): number | undefined {
  return /^(\d{1,10}|0[xX][0-9a-fA-F]{1,8})$/.test(value) ? Number(value) : undefined;
}
