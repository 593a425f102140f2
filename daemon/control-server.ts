// The control socket: accepts clients, checks who they are, and ties connections to the mounts.
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { toIsodriveError } from '../src/base/error.js';
import { adoptSocket, bindSocket } from './bind-socket.js';
import type { BoundSocket } from './bind-socket.js';
import { ControlConnection } from './control-connection.js';
import type { EventBus } from './event-bus.js';
import type { DaemonLog } from './log.js';
import { callMethod } from './methods.js';
import type { DaemonFacts } from './methods.js';
import { renderMetrics } from './render-metrics.js';
import type { MountManager } from './mount-manager.js';
import { createPeerCheck } from './peer-check.js';
import type { PeerCheck } from './peer-check.js';
import type { ServiceManager } from './service-manager.js';
import { descriptorOf } from '../src/protocol/socket-descriptor.js';

/** Clients that may be connected at the same time; more are hung up on. */
export const MAX_CONNECTIONS = 256;
/** Our listening socket, kept while a successor starts: clients queue there. */
const KEPT_SOCKET = 'control';
/** The service manager's own, for activation: FileDescriptorName in the socket unit. */
const ACTIVATION_SOCKET = 'isodrive';

export interface ControlServerOptions {
  readonly facts: DaemonFacts;
  readonly manager: MountManager;
  readonly service: ServiceManager;
  readonly events: EventBus;
  readonly log: DaemonLog;
  readonly requestShutdown: () => void;
  readonly requestUpgrade: () => void;
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
    server.#socket = await server.#open();
    return server;
  }

  async #open(): Promise<BoundSocket> {
    const { service, facts } = this.#options;
    const own = service.take(KEPT_SOCKET);
    const foreign = service.take(ACTIVATION_SOCKET);
    if (foreign !== undefined) {
      return adoptSocket(this.#server, facts.socketPath, { descriptor: foreign, isForeign: true });
    }
    if (own !== undefined) {
      return adoptSocket(this.#server, facts.socketPath, { descriptor: own, isForeign: false });
    }
    const bound = await bindSocket(this.#server, facts.socketPath);
    if (service.isPresent) service.keep(KEPT_SOCKET, descriptorOf(this.#server));
    return bound;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  #accept(socket: Socket): void {
    try {
      this.#checkPeer?.(socket);
    } catch (thrown) {
      this.#options.log.warn({ reason: toIsodriveError(thrown).message }, 'client refused');
      socket.destroy();
      return;
    }
    const { manager, facts, events, log, requestShutdown, requestUpgrade } = this.#options;
    const connection = new ControlConnection(socket, {
      call: async (method, params, context) => {
        await manager.restored;
        return callMethod(method, params, { ...context, manager, facts, requestShutdown, requestUpgrade });
      },
      metrics: async () => {
        await manager.restored;
        return renderMetrics(await manager.list());
      },
      events,
      log,
    });
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
  }

  /** Takes no more clients: from now on the path is free for another daemon. */
  stopListening(): void {
    this.#socket?.remove();
    this.#options.service.forget(KEPT_SOCKET);
    this.#server.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.stopListening();
    for (const connection of this.#connections) connection.close();
    return Promise.resolve();
  }
}
