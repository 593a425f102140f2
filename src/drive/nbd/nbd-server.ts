// Serves images to NBD clients: any number of connections, each on its own, all read-only.
import { DriveListener } from '../net/drive-listener.js';
import type { ListenerOptions } from '../net/drive-listener.js';
import type { ListenAddress } from '../net/listen-address.js';
import { formatHost } from '../net/listen-address.js';
import { ServerMemory } from '../net/server-memory.js';
import { negotiate } from './handshake.js';
import type { NbdExport } from './nbd-export.js';
import { transmit } from './transmission.js';

/** Milliseconds that a client may take to choose an export. */
const HANDSHAKE_TIME = 10_000;

export interface NbdServerOptions extends ListenerOptions {
  readonly address: ListenAddress;
  /** At least one. */
  readonly exports: readonly NbdExport[];
  /** Milliseconds that a client may take to choose an export (default: 10 s). */
  readonly handshakeTime?: number;
  /** For all connections (default: this server's own). */
  readonly memory?: ServerMemory;
}

/** Listens until it is disposed. Rejects as DriveListener.open does. Does not own the images. */
export function openNbdServer(options: NbdServerOptions): Promise<DriveListener> {
  const { address, exports, handshakeTime = HANDSHAKE_TIME, memory = new ServerMemory() } = options;
  return DriveListener.open(
    address,
    async (stream) => {
      const timer = setTimeout(() => stream.destroy(), handshakeTime);
      const negotiated = await negotiate(stream, exports).finally(() => clearTimeout(timer));
      if (negotiated === undefined) return;
      await transmit(stream, negotiated, memory);
    },
    options,
  );
}

/** The URIs of all exports (NBD URI specification). */
export function formatNbdUris(address: ListenAddress, exports: readonly NbdExport[]): string[] {
  return exports.map(({ name }) => {
    const path = encodeURIComponent(name);
    if (address.kind === 'unix') return `nbd+unix:///${path}?socket=${encodeURIComponent(address.path)}`;
    return `nbd://${formatHost(address.host, address.port)}/${path}`;
  });
}
