// The control socket: accepts clients, checks who they are, and ties connections to the mounts.
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { toIsodriveError } from '../src/base/error.js';
import { bindSocket } from './bind-socket.js';
import type { BoundSocket } from './bind-socket.js';
import { ControlConnection } from './control-connection.js';
import type { EventBus } from './event-bus.js';
import type { DaemonLog } from './log.js';
import { callMethod } from './methods.js';
import type { DaemonFacts } from './methods.js';
import type { MountManager } from './mount-manager.js';
import { createPeerCheck } from './peer-check.js';
import type { PeerCheck } from './peer-check.js';

/** Clients that may be connected at the same time; more are hung up on. */
export const MAX_CONNECTIONS = 256;

export interface ControlServerOptions {
  readonly facts: DaemonFacts;
  readonly manager: MountManager;
  readonly events: EventBus;
  readonly log: DaemonLog;
  readonly requestShutdown: () => void;
}

/** A bound, listening control socket. Disposing hangs up on all clients and removes the socket. */
export class ControlServer implements AsyncDisposable {
  readonly #options: ControlServerOptions;
  readonly #server: Server;
  readonly #connections = new Set<ControlConnection>();
  readonly #checkPeer: PeerCheck | undefined;
  #socket: BoundSocket | undefined;

  private constructor(options: ControlServerOptions) {
    this.#options = options;
    const peers = createPeerCheck();
    if ('check' in peers) this.#checkPeer = peers.check;
    else
      options.log.warn(
        { reason: peers.missing },
        'no addon: clients are told apart by socket permissions only',
      );
    // Half-open, so that an answer still reaches a client that has closed its writing side.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Rejects as bindSocket does. */
  static async listen(options: ControlServerOptions): Promise<ControlServer> {
    const server = new ControlServer(options);
    server.#socket = await bindSocket(server.#server, options.facts.socketPath);
    return server;
  }

  #accept(socket: Socket): void {
    try {
      this.#checkPeer?.(socket);
    } catch (thrown) {
      this.#options.log.warn({ reason: toIsodriveError(thrown).message }, 'client refused');
      socket.destroy();
      return;
    }
    const { manager, facts, events, log, requestShutdown } = this.#options;
    const connection = new ControlConnection(socket, {
      call: (method, params, context) =>
        callMethod(method, params, { ...context, manager, facts, requestShutdown }),
      events,
      log,
    });
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
  }

  /** Takes no more clients: from now on the path is free for another daemon. */
  stopListening(): void {
    this.#socket?.remove();
    this.#server.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.stopListening();
    for (const connection of this.#connections) connection.close();
    return Promise.resolve();
  }
}
