// The handshake of TLS on a connection that began in the clear, seen from the server.
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { ConnectionLost } from './byte-stream.js';
import type { TlsCertificates } from './tls-certificates.js';

/** How the two sides know each other: by certificates, or by keys that both have, by their users' names. */
export type TlsCredentials = TlsCertificates | ReadonlyMap<string, Buffer>;

/**
 * Ciphers whose recorded traffic a key that leaks later does not open; OpenSSL's default list has none for such
 * keys.
 */
const PSK_CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-PSK-CHACHA20-POLY1305',
  'ECDHE-PSK-AES256-CBC-SHA384',
  'ECDHE-PSK-AES128-CBC-SHA256',
].join(':');
/** Bytes of the key that stands for one of a user whom nobody knows. */
const DECOY_BYTES = 32;
const MAX_REASON = 200;

/**
 * Rejects with ConnectionLost, whose message is the reason, for a peer that does not come through; its socket is
 * closed
 * then.
 */
export function shakeHands(socket: Socket, credentials: TlsCredentials): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    let unknownUser: string | undefined;
    // A server of its own, as its events do not say of which connection they are.
    const server = createServer({
      minVersion: 'TLSv1.2',
      ...('cert' in credentials
        ? withCertificates(credentials)
        : withKeys(credentials, (user) => (unknownUser = user))),
    });
    server.once('secureConnection', resolve);
    server.on('tlsClientError', (error, { authorizationError }) => {
      const refused = authorizationError as unknown as string | undefined | null;
      const reason =
        unknownUser === undefined
          ? (refused ?? describeError(error))
          : `no user "${unknownUser}" in the PSK file`;
      reject(new ConnectionLost(`TLS handshake failed: ${reason.slice(0, MAX_REASON)}`));
    });
    if (socket.destroyed) reject(new ConnectionLost('Connection ended before the TLS handshake'));
    else server.emit('connection', socket);
  });
}

function withCertificates(certificates: TlsCertificates): TlsOptions {
  const verifies = certificates.ca !== undefined;
  return { ...certificates, requestCert: verifies, rejectUnauthorized: verifies };
}

/** A user whom nobody knows fails as one with a wrong key does: names cannot be found out. */
function withKeys(keys: ReadonlyMap<string, Buffer>, onUnknown: (user: string) => void): TlsOptions {
  return {
    ciphers: PSK_CIPHERS,
    pskCallback: (_, user) => {
      const key = keys.get(user);
      if (key === undefined) onUnknown(user);
      return key ?? randomBytes(DECOY_BYTES);
    },
  };
}

/** OpenSSL's own words where they are its. */
function describeError(error: Error): string {
  const { reason, code } = error as { reason?: string; code?: string };
  if (code === 'ECONNRESET') return 'the peer ended the connection';
  return reason ?? code ?? error.message;
}
