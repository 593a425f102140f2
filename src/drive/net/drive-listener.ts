// Accepts connections for a drive's protocol, bounds their number, and ends them all when the drive ends.
import { existsSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { BlockList, Server, Socket } from 'node:net';
import { dirname } from 'node:path';
import { IsodriveError, isSystemError } from '../../base/error.js';
import { ByteStream } from './byte-stream.js';
import { countRoomForConnections } from './connection-room.js';
import type { ListenAddress } from './listen-address.js';
import { isAllowed } from './listen-address.js';
import type { LoginGuard } from './login-guard.js';

/** Those below are for root alone (ip(7), ip_unprivileged_port_start). */
const FIRST_USER_PORT = 1024;

/** Serves one connection to its end; may reject, which ends the connection and nothing else. */
export type ServeConnection = (stream: ByteStream, socket: Socket) => Promise<void>;

export interface ListenerOptions {
  /** Peers that may come; all may where it is not given. */
  readonly allowed?: BlockList | undefined;
  /** Told when a peer is refused because there are `most` connections; again only after there was room. */
  readonly onFull?: ((most: number) => void) | undefined;
  /** Where peers have to prove themselves: which may not try for now. */
  readonly guard?: LoginGuard | undefined;
}

export class DriveListener implements AsyncDisposable {
  /** With the port that was chosen where 0 was asked for. */
  readonly address: ListenAddress;
  readonly #server: Server;
  readonly #connections: ReadonlyMap<Socket, Promise<void>>;

  private constructor(
    address: ListenAddress,
    server: Server,
    connections: ReadonlyMap<Socket, Promise<void>>,
  ) {
    this.address = address;
    this.#server = server;
    this.#connections = connections;
  }

  /**
   * Rejects with `busy` (address taken), `permission` or `usage` (no such address). Peers that may not
   * come, or not now, are cut off before a byte is exchanged. A Unix socket gets mode 0600.
   */
  static async open(
    address: ListenAddress,
    serve: ServeConnection,
    { allowed, onFull, guard }: ListenerOptions = {},
  ): Promise<DriveListener> {
    const connections = new Map<Socket, Promise<void>>();
    let isFull = false;
    const server = createServer({ allowHalfOpen: false, pauseOnConnect: false }, (socket) => {
      const isOther = allowed !== undefined && !isAllowed(allowed, socket);
      if (isOther || guard?.refuses(socket.remoteAddress) === true) {
        socket.on('error', () => undefined);
        socket.destroy();
        return;
      }
      const stream = new ByteStream(socket);
      const served = serve(stream, socket)
        // Whatever a peer does to its connection costs that connection alone.
        .catch(() => undefined)
        .finally(() => stream.end());
      connections.set(socket, served);
      // Not before it is closed: a peer that takes nothing any more is cut off at the end of the drive.
      socket.once('close', () => {
        connections.delete(socket);
        isFull = false;
      });
    });
    const most = countRoomForConnections();
    server.maxConnections = most;
    server.on('drop', () => {
      if (!isFull) onFull?.(most);
      isFull = true;
    });
    if (address.kind === 'unix') await removeDeadSocket(address.path);
    await listen(server, address);
    const bound = server.address();
    const actual =
      address.kind === 'tcp' && bound !== null && typeof bound === 'object'
        ? { ...address, port: bound.port }
        : address;
    return new DriveListener(actual, server, connections);
  }

  /** Those that are open now. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Cuts all connections, and waits until nothing of theirs runs any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    const served = [...this.#connections.values()];
    for (const socket of this.#connections.keys()) socket.destroy();
    await Promise.all([closed, ...served]);
  }
}

async function listen(server: Server, address: ListenAddress): Promise<void> {
  // The socket is created within this turn: nobody else's file gets the mask.
  const mask = address.kind === 'unix' ? process.umask(0o177) : undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      // For ever: later ones are of single connections that the system could not give us, and no end of the server.
      server.on('error', reject);
      server.once('listening', resolve);
      if (address.kind === 'unix') server.listen({ path: address.path });
      else server.listen({ host: address.host, port: address.port });
      if (mask !== undefined) process.umask(mask);
    });
  } catch (cause) {
    throw translateListenError(cause, address);
  }
}

/** A socket whose server has died without removing it is in the way of the next. */
async function removeDeadSocket(path: string): Promise<void> {
  // Connecting to what is no socket is refused as well.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const isDead = await new Promise<boolean>((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
  if (isDead) unlinkSync(path);
}

function translateListenError(cause: unknown, address: ListenAddress): unknown {
  if (!isSystemError(cause)) return cause;
  const name = address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
  const refuse = (code: 'busy' | 'permission' | 'usage', found: string, action: string): IsodriveError =>
    new IsodriveError(code, `Cannot listen on "${name}": ${found}, expected an address that is free`, {
      cause,
      action,
    });
  switch (cause.code) {
    case 'EADDRINUSE':
      return refuse('busy', 'another program listens there', 'Choose another address with --listen');
    case 'EACCES':
    case 'EPERM':
      // Node says this of a path whose directory is not there as well.
      if (address.kind === 'unix' && !existsSync(dirname(address.path)))
        return refuse('usage', 'no such directory', 'Choose a path in a directory that is there');
      return address.kind === 'tcp' && address.port < FIRST_USER_PORT
        ? refuse('permission', `ports below ${FIRST_USER_PORT} are for root`, 'Choose a higher port')
        : refuse('permission', 'you may not', 'Choose another address with --listen');
    case 'EADDRNOTAVAIL':
      return refuse('usage', 'this machine has no such address', 'Name one of this machine: see ip address');
    default:
      return refuse('usage', cause.message, 'Choose another address with --listen');
  }
}
