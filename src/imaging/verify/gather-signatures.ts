// Signatures beside the image: of the image itself, and of the lists that its checksums stand in.
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { isSystemError } from '../../base/error.js';
import { nameSystemError } from '../../base/system-error.js';
import { hostPath } from '../../base/path-text.js';
import type { Check } from './check.js';
import { decodeList, isClearSigned } from './list-text.js';
import { isSignedBy, parseEd25519Key, parseEd25519Signature } from './ed25519-signature.js';
import type { Ed25519Key, Ed25519Signature } from './ed25519-signature.js';
import { findListsBeside, readSmallFile } from './gather-beside.js';
import { SIGNATURE_SUFFIXES } from './list-names.js';
import { checkOpenPgp } from './openpgp-signature.js';
import { RangeHash } from './range-hash.js';
import { startHash } from '../hash/digests.js';
import type { BesideContext, Evidence } from './evidence.js';
import { settled } from './evidence.js';

/** Bytes of a file that is signed itself, not by its digest: it has to be in memory as a whole. */
const MAX_UNHASHED = 512 * 1024 * 1024;

export async function gatherSignatures(context: BesideContext): Promise<Evidence[]> {
  const { path } = context.options;
  const found: Evidence[] = [];
  for (const file of [path, ...(await findListsBeside(path))]) {
    for (const suffix of SIGNATURE_SUFFIXES) {
      const bytes = await readSmallFile(`${file}${suffix}`);
      if (bytes !== undefined)
        found.push(await gatherOne(context, file, `${file}${suffix}`, bytes.toString()));
    }
    const list = file === path ? undefined : await readSmallFile(file);
    if (list !== undefined && isClearSigned(decodeList(list)))
      found.push(await gatherOpenPgp(context, file, undefined));
  }
  return found;
}

function gatherOne(context: BesideContext, file: string, path: string, text: string): Promise<Evidence> {
  const signature = parseEd25519Signature(text);
  if (signature === undefined) return gatherOpenPgp(context, file, path);
  return gatherEd25519(context, file, path, signature);
}

async function gatherOpenPgp(
  { options }: BesideContext,
  file: string,
  signature: string | undefined,
): Promise<Evidence> {
  const base = describe(signature ?? file, file);
  const { keyring, signal } = options;
  if (keyring === undefined) {
    const detail = 'no keyring was given: name one with --keyring';
    return settled({ ...base, status: 'unchecked', detail });
  }
  return settled({ ...base, ...(await checkOpenPgp({ signature, file, keyring, signal })) });
}

async function gatherEd25519(
  { image, options }: BesideContext,
  file: string,
  path: string,
  signature: Ed25519Signature,
): Promise<Evidence> {
  const base = describe(path, file);
  if (options.key === undefined) {
    const detail = `no key was given: name the publisher's with --key (number ${signature.keyNumber})`;
    return settled({ ...base, status: 'unchecked', detail });
  }
  const key = parseEd25519Key(await readFile(hostPath(options.key), 'utf8'), options.key);
  if (key.keyNumber !== signature.keyNumber) {
    const detail = `it was made with key ${signature.keyNumber}, the given one is ${key.keyNumber}`;
    return settled({ ...base, status: 'unchecked', detail });
  }
  if (signature.isPrehashed && file === options.path) {
    // The image's digest comes out of the pass that is made anyway.
    const hash = new RangeHash('blake2b', 0, image.files.main.size);
    return { consumers: [hash], finish: () => [judge(base, key, signature, hash.finish())] };
  }
  return settled(await judgeFile(base, key, signature, file));
}

type Base = Pick<Check, 'kind' | 'evidence' | 'subject'>;

async function judgeFile(
  base: Base,
  key: Ed25519Key,
  signature: Ed25519Signature,
  file: string,
): Promise<Check> {
  try {
    if ((await stat(hostPath(file))).size > MAX_UNHASHED) {
      return {
        ...base,
        status: 'unchecked',
        detail: 'the file is too large for a signature without prehashing',
      };
    }
    const bytes = await readFile(hostPath(file));
    const message = signature.isPrehashed ? startHash('blake2b').update(bytes).digest('hex') : undefined;
    return judge(base, key, signature, message ?? bytes);
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
    return { ...base, status: 'unreadable', detail: `it cannot be read: ${nameSystemError(thrown)}` };
  }
}

/** `message`: the file, or its digest in hexadecimal; undefined when it could not be read. */
function judge(
  base: Base,
  key: Ed25519Key,
  signature: Ed25519Signature,
  message: Uint8Array | string | undefined,
): Check {
  if (message === undefined) return { ...base, status: 'unreadable', detail: 'parts of it cannot be read' };
  const bytes = typeof message === 'string' ? Buffer.from(message, 'hex') : message;
  if (!isSignedBy(key, signature, bytes))
    return { ...base, status: 'mismatch', detail: 'signature is not of this file' };
  const comment = signature.trusted === undefined ? '' : `, "${signature.trusted.comment}"`;
  return { ...base, status: 'ok', detail: `signed by key ${key.keyNumber}${comment}` };
}

function describe(evidence: string, file: string): Base {
  return { kind: 'signature', evidence: basename(evidence), subject: basename(file) };
}
