// Serves images to NBD clients: any number of connections, each on its own, all read-only.
import type { Socket } from 'node:net';
import type { ByteStream } from '../net/byte-stream.js';
import { ConnectionLost } from '../net/byte-stream.js';
import { DriveListener } from '../net/drive-listener.js';
import type { ListenerOptions } from '../net/drive-listener.js';
import type { ListenAddress } from '../net/listen-address.js';
import { finishInTime } from '../net/finish-in-time.js';
import { formatHost } from '../net/listen-address.js';
import type { TlsCredentials } from '../net/tls-handshake.js';
import { shakeHands } from '../net/tls-handshake.js';
import { ServerMemory } from '../net/server-memory.js';
import type { Negotiated } from './handshake.js';
import { negotiate } from './handshake.js';
import type { NbdExport } from './nbd-export.js';
import { transmit } from './transmission.js';

/** Milliseconds that a client may take to choose an export. */
const HANDSHAKE_TIME = 10_000;

export interface NbdServerOptions extends ListenerOptions {
  readonly address: ListenAddress;
  /** At least one. */
  readonly exports: readonly NbdExport[];
  readonly tls?: { readonly credentials: TlsCredentials; readonly isRequired: boolean } | undefined;
  /** Milliseconds that a client may take to choose an export (default: 10 s). */
  readonly handshakeTime?: number;
  /** For all connections (default: this server's own). */
  readonly memory?: ServerMemory;
}

/** Listens until it is disposed. Rejects as DriveListener.open does. Does not own the images. */
export function openNbdServer(options: NbdServerOptions): Promise<DriveListener> {
  const { address, memory = new ServerMemory() } = options;
  return DriveListener.open(
    address,
    async (stream, socket) => {
      const negotiated = await negotiateInTime(stream, socket, options);
      if (negotiated === undefined) return;
      await transmit(stream, negotiated, memory);
    },
    options,
  );
}

/** As `negotiate`. Whoever should come to TLS and does not has failed to log in. */
async function negotiateInTime(
  stream: ByteStream,
  { remoteAddress }: Socket,
  { exports, tls, guard, handshakeTime = HANDSHAKE_TIME }: NbdServerOptions,
): Promise<Negotiated | undefined> {
  let owesTls = tls?.isRequired === true;
  const fail = (reason: string): void => {
    if (owesTls) guard?.fail(remoteAddress, reason);
    owesTls = false;
  };
  const offer = tls && {
    isRequired: tls.isRequired,
    shake: async (plain: Socket): Promise<Socket> => {
      owesTls = guard?.refuses(remoteAddress) !== true;
      if (!owesTls) throw new ConnectionLost('Too many logins have failed');
      const secured = await shakeHands(plain, tls.credentials);
      owesTls = false;
      return secured;
    },
  };
  try {
    return await finishInTime(
      stream,
      handshakeTime,
      () => fail(`no TLS handshake within ${handshakeTime / 1000} s`),
      () => negotiate(stream, exports, offer),
    );
  } catch (thrown) {
    fail(thrown instanceof Error ? thrown.message : String(thrown));
    throw thrown;
  }
}

/** The URIs of all exports (NBD URI specification). */
export function formatNbdUris(
  address: ListenAddress,
  exports: readonly NbdExport[],
  hasTls = false,
): string[] {
  const scheme = hasTls ? 'nbds' : 'nbd';
  return exports.map(({ name }) => {
    const path = encodeURIComponent(name);
    if (address.kind === 'unix')
      return `${scheme}+unix:///${path}?socket=${encodeURIComponent(address.path)}`;
    return `${scheme}://${formatHost(address.host, address.port)}/${path}`;
  });
}
