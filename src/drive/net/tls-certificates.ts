// The folder with X.509 certificates of a server, in files named as nbdkit, libnbd and QEMU name them.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { nameSystemError } from '../../base/system-error.js';
import type { Warn } from './secret-file.js';
import { readSecretFile } from './secret-file.js';

const AUTHORITY = 'ca-cert.pem';
const REVOKED = 'ca-crl.pem';
const CERTIFICATE = 'server-cert.pem';
const KEY = 'server-key.pem';

export interface TlsCertificates {
  readonly cert: string;
  readonly key: string;
  /** Given where peers have to have certificates: whose they must be. */
  readonly ca?: string;
  /** Which of them do not count any more. */
  readonly crl?: string;
}

/**
 * Reads server-cert.pem and server-key.pem, and where peers have to show certificates ca-cert.pem, and ca-crl.pem if
 * it is there. Warns of a key that every user can read, and of a certificate out of its time. Rejects with `usage` and
 * `permission`.
 */
export async function readTlsCertificates(
  folder: string,
  verifiesPeers: boolean,
  warn: Warn,
): Promise<TlsCertificates> {
  const cert = await readPem(folder, CERTIFICATE);
  const key = await readSecretFile('TLS key', join(folder, KEY), warn);
  checkPair(folder, cert, key, warn);
  if (!verifiesPeers) return { cert, key };
  const ca = await readPem(folder, AUTHORITY);
  // OpenSSL takes what is no certificate for a list of none.
  attempt(folder, AUTHORITY, () => new X509Certificate(ca));
  const crl = existsSync(join(folder, REVOKED)) ? { crl: await readPem(folder, REVOKED) } : {};
  const authenticated = { cert, key, ca, ...crl };
  attempt(folder, REVOKED, () => createSecureContext(authenticated));
  return authenticated;
}

async function readPem(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    const code = cause.code === 'EACCES' ? 'permission' : 'usage';
    throw new IsodriveError(
      code,
      `Cannot read TLS certificate "${join(folder, name)}": ${nameSystemError(cause)}`,
      {
        cause,
        action: `Put ${CERTIFICATE} and ${KEY} there, and ${AUTHORITY} to verify peers, as nbdkit-tls(1) shows`,
      },
    );
  }
}

function checkPair(folder: string, cert: string, key: string, warn: Warn): void {
  const certificate = attempt(folder, CERTIFICATE, () => new X509Certificate(cert));
  const secret = attempt(folder, KEY, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(secret)) {
    throw new IsodriveError('usage', `"${join(folder, KEY)}" is the key of another certificate`, {
      action: `Put the key of ${CERTIFICATE} there`,
    });
  }
  const now = Date.now();
  if (now >= Date.parse(certificate.validFrom) && now <= Date.parse(certificate.validTo)) return;
  const { validFrom, validTo } = certificate;
  warn(
    `"${join(folder, CERTIFICATE)}" is valid from ${validFrom} to ${validTo}, not now: clients will refuse it`,
    'Issue another',
  );
}

function attempt<T>(folder: string, name: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new IsodriveError('usage', `Cannot use ${name} in "${folder}": ${found}, expected PEM`, { cause });
  }
}
