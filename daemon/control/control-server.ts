// The control socket: accepts clients, checks who they are, and ties connections to the mounts.
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { toIsodriveError } from '../../src/base/error.js';
import { adoptSocket, bindSocket } from './bind-socket.js';
import type { BoundSocket } from './bound-socket.js';
import { MAX_LINE_BYTES } from '../../src/protocol/messages.js';
import { ControlConnection, readSocket } from './control-connection.js';
import type { ControlInput } from '../users/control-input.js';
import type { EventBus } from '../mounts/event-bus.js';
import type { DaemonLog } from '../log.js';
import { callMethod } from './methods.js';
import type { DaemonFacts, MethodContext } from './methods.js';
import { renderDriveMetrics } from './render-drive-metrics.js';
import { renderMetrics } from './render-metrics.js';
import { servedDrivesFolder } from '../../src/endpoint/socket-path.js';
import type { UserAccounts } from '../mounts/mount-manager.js';
import type { MountService } from '../mounts/mount-service.js';
import { createPeerCheck } from './peer-check.js';
import type { PeerCheck } from './peer-check.js';
import type { ServiceManager } from '../takeover/service-manager.js';
import { DescriptorCloser } from '../users/descriptor-closer.js';
import { identifyCaller, sees } from '../users/caller.js';
import type { Caller } from '../users/caller.js';
import type { UserLedger } from '../users/user-ledger.js';
import { UserListener } from '../users/user-listener.js';
import { descriptorOf } from '../../src/endpoint/socket-descriptor.js';

/** Clients that may be connected at the same time; more are hung up on. */
export const MAX_CONNECTIONS = 256;
/** The same of the system service, and how many of them are root's alone: nobody can lock administrators out. */
export const MAX_USER_CONNECTIONS = 1024;
const RESERVED_CONNECTIONS = 32;
/** Our listening socket, kept while a successor starts: clients queue there. */
const KEPT_SOCKET = 'control';
/** The service manager's own, for activation: FileDescriptorName in the socket unit. */
const ACTIVATION_SOCKET = 'isodrive';

export interface ControlServerOptions {
  readonly facts: DaemonFacts;
  readonly manager: MountService;
  readonly service: ServiceManager;
  readonly events: EventBus;
  readonly log: DaemonLog;
  /** Of the system service; absent where the daemon is of one user. */
  readonly users?: UserAccounts | undefined;
  readonly requestShutdown: () => void;
  readonly requestUpgrade: MethodContext['requestUpgrade'];
}

/** A bound, listening control socket. Disposing hangs up on all clients and removes the socket. */
export class ControlServer implements AsyncDisposable {
  readonly #options: ControlServerOptions;
  readonly #server: Server;
  readonly #connections = new Set<ControlConnection>();
  readonly #checkPeer: PeerCheck | undefined;
  readonly #closer = new DescriptorCloser();
  #listener: UserListener | undefined;
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
    if (options.users !== undefined) server.#listenForUsers(options.users);
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
    const bound = await bindSocket(this.#server, facts.socketPath, this.#options.users !== undefined);
    if (service.isPresent) service.keep(KEPT_SOCKET, descriptorOf(this.#server));
    return bound;
  }

  /** Hands the listening socket over to where descriptors are received, before Node's loop could accept anybody. */
  #listenForUsers(users: UserAccounts): void {
    const limits = {
      clients: MAX_USER_CONNECTIONS,
      clientsOfUser: users.policy.mostConnections,
      reservedForRoot: RESERVED_CONNECTIONS,
    };
    this.#listener = new UserListener(
      descriptorOf(this.#server),
      limits,
      this.#closer,
      (peer, socket, input) => this.#acceptUser(users, identifyCaller(peer, users.policy), socket, input),
    );
    this.#server.close();
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
    this.#serve(socket, readSocket(socket), undefined, undefined);
  }

  /** Gives whether the client is served. */
  #acceptUser(users: UserAccounts, caller: Caller, socket: Socket, input: ControlInput): boolean {
    try {
      if (this.#closer.isStuck(caller.uid)) throw new Error('What they passed hangs');
      const place = users.ledger.takeConnection(caller);
      socket.on('close', () => place[Symbol.dispose]());
    } catch {
      socket.destroy();
      return false;
    }
    this.#serve(socket, input, caller, users.ledger);
    return true;
  }

  #serve(
    socket: Socket,
    input: ControlInput,
    caller: Caller | undefined,
    ledger: UserLedger | undefined,
  ): void {
    const { manager, facts, users, events, log, requestShutdown, requestUpgrade } = this.#options;
    const connection = new ControlConnection(socket, input, {
      call: async (method, params, context) => {
        const place = caller && ledger?.takeRequest(caller);
        try {
          await manager.restored;
          const more = { caller, manager, facts, requestShutdown, requestUpgrade };
          return await callMethod(method, params, { ...context, ...more });
        } finally {
          place?.[Symbol.dispose]();
        }
      },
      metrics: async () => {
        await manager.restored;
        const isAll = caller?.isAdministrator ?? true;
        // A service of many users asks none of their programs.
        const drives =
          users === undefined ? await renderDriveMetrics(servedDrivesFolder(facts.socketPath)) : '';
        return renderMetrics(await manager.list(caller), isAll ? facts.health() : undefined) + drives;
      },
      subscribe: (listener) =>
        events.subscribe((event, owner) => {
          if (owner === undefined || sees(caller, owner)) listener(event);
        }),
      log,
      // Node's own sockets, of a daemon of one user, drop descriptors. Who keeps them open would otherwise fill up what
      // the service may have open, over one connection.
      descriptors: this.#closer.ofUser(caller?.uid ?? 0, () => socket.destroy()),
      messageBytes: caller?.limits.messageBytes ?? MAX_LINE_BYTES,
      isTrusted: caller === undefined || caller.uid === 0,
    });
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
  }

  /** Takes no more clients: from now on the path is free for another daemon. */
  stopListening(): void {
    this.#socket?.remove();
    this.#options.service.forget(KEPT_SOCKET);
    this.#listener?.stopAccepting();
    this.#server.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.stopListening();
    for (const connection of this.#connections) connection.close();
    // Their last answers are under way; native threads must not keep the process.
    setImmediate(() => this.#listener?.close());
    return Promise.resolve();
  }
}
