// Signatures of minisign and signify: a comment, and in base64 an algorithm, a key number and an Ed25519 signature
// (minisign manual, "Signature format"; signify of OpenBSD has the first two lines of it).
import { createPublicKey, verify } from 'node:crypto';
import { IsodriveError } from '../../base/error.js';

const COMMENT = 'untrusted comment:';
const TRUSTED = 'trusted comment: ';
/** Bytes: algorithm 2, key number 8, then signature 64 or key 32. */
const ID_BYTES = 10;
const SIGNATURE_BYTES = ID_BYTES + 64;
const KEY_BYTES = ID_BYTES + 32;
/** RFC 8410 4: SubjectPublicKeyInfo of an Ed25519 key, up to the key. */
const KEY_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface Ed25519Signature {
  /** Whether it is about the BLAKE2b-512 of the file ("ED") or the file itself ("Ed"). */
  readonly isPrehashed: boolean;
  readonly keyNumber: string;
  readonly signature: Uint8Array;
  /** What minisign signs beside the file; undefined with signify. */
  readonly trusted: { readonly comment: string; readonly signature: Uint8Array } | undefined;
}

export interface Ed25519Key {
  readonly keyNumber: string;
  readonly key: Uint8Array;
}

/** Undefined for what is no such signature. */
export function parseEd25519Signature(text: string): Ed25519Signature | undefined {
  const [comment = '', line = '', trustedLine, globalLine] = text.split(/\r?\n/);
  const bytes = Buffer.from(line, 'base64');
  const algorithm = bytes.toString('latin1', 0, 2);
  if (!comment.startsWith(COMMENT) || bytes.length !== SIGNATURE_BYTES || !/^E[dD]$/.test(algorithm))
    return undefined;
  const trusted = parseTrusted(trustedLine, globalLine);
  if (trusted === null) return undefined;
  return {
    isPrehashed: algorithm === 'ED',
    keyNumber: bytes.toString('hex', 2, ID_BYTES),
    signature: bytes.subarray(ID_BYTES),
    trusted,
  };
}

function parseTrusted(line = '', globalLine = ''): Ed25519Signature['trusted'] | null {
  if (line === '') return undefined;
  const signature = Buffer.from(globalLine, 'base64');
  if (!line.startsWith(TRUSTED) || signature.length !== SIGNATURE_BYTES - ID_BYTES) return null;
  return { comment: line.slice(TRUSTED.length), signature };
}

/** A public key of either program. Throws `usage` for another file. */
export function parseEd25519Key(text: string, name: string): Ed25519Key {
  const line = text.split(/\r?\n/).find((one) => one !== '' && !one.startsWith(COMMENT)) ?? '';
  const bytes = Buffer.from(line, 'base64');
  if (bytes.length !== KEY_BYTES || bytes.toString('latin1', 0, 2) !== 'Ed') {
    throw new IsodriveError('usage', `Key "${name}" is no public key of minisign or signify, expected one`);
  }
  return { keyNumber: bytes.toString('hex', 2, ID_BYTES), key: bytes.subarray(ID_BYTES) };
}

/** `message`: the file, or its BLAKE2b-512 when the signature is prehashed. */
export function isSignedBy({ key }: Ed25519Key, signature: Ed25519Signature, message: Uint8Array): boolean {
  const publicKey = createPublicKey({ key: Buffer.concat([KEY_PREFIX, key]), format: 'der', type: 'spki' });
  if (!verify(null, message, publicKey, signature.signature)) return false;
  const { trusted } = signature;
  if (trusted === undefined) return true;
  const signed = Buffer.concat([signature.signature, Buffer.from(trusted.comment)]);
  return verify(null, signed, publicKey, trusted.signature);
}
