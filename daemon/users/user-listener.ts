// Clients of the system service: native code accepts and reads them, because Node's sockets drop descriptors; what is
// sent to them goes through a socket of Node's. Users take turns.
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { loadAddon } from '../../native/index.js';
import type { Addon, ClientLimits, ControlListenerHandle, PeerCredentials } from '../../native/index.js';
import type { ControlInput } from '../control-connection.js';
import type { DescriptorCloser } from './descriptor-closer.js';
import { TurnQueue } from './turn-queue.js';

interface Client {
  readonly uid: number;
  readonly input: ControlInput;
}

/** Whose descriptors those are of clients that are forgotten already. */
const NOBODY = -1;

export type AcceptClient = (peer: PeerCredentials, socket: Socket, input: ControlInput) => void;

export class UserListener {
  readonly #addon: Addon = loadAddon();
  readonly #handle: ControlListenerHandle;
  readonly #clients = new Map<number, Client>();
  readonly #turns = new TurnQueue();
  readonly #closer: DescriptorCloser;

  /** `descriptor`: of a listening socket, which stays the caller's. `closer`: for what comes too late. */
  constructor(descriptor: number, limits: ClientLimits, closer: DescriptorCloser, accept: AcceptClient) {
    this.#closer = closer;
    this.#handle = this.#addon.listenForClients(this.#addon.duplicateDescriptor(descriptor), limits, {
      onClient: (client, socket) => this.#accept(client, socket, accept),
      onBytes: (client, bytes, descriptors, isCut) => {
        this.#schedule(client, descriptors, ({ input }) => input.onBytes(bytes, descriptors, isCut));
      },
      onEnd: (client) => this.#schedule(client, [], ({ input }) => input.onEnd()),
    });
  }

  stopAccepting(): void {
    this.#addon.stopAccepting(this.#handle);
  }

  /** Ends every connection. */
  close(): void {
    this.#addon.closeListener(this.#handle);
  }

  /** Of a client that has gone meanwhile nothing is left. */
  #accept(client: number, descriptor: number, accept: AcceptClient): void {
    let peer: PeerCredentials;
    try {
      peer = this.#addon.peerCredentials(descriptor);
    } catch {
      closeSync(descriptor);
      this.#addon.dropClient(this.#handle, client);
      return;
    }
    const socket = new Socket({ fd: descriptor, readable: false, writable: true, allowHalfOpen: true });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#clients.delete(client);
      this.#addon.dropClient(this.#handle, client);
    });
    const input: ControlInput = { onBytes: () => undefined, onEnd: () => undefined };
    this.#clients.set(client, { uid: peer.uid, input });
    accept(peer, socket, input);
    this.#addon.resumeClient(this.#handle, client);
  }

  /** Has a piece handled when it is its user's turn; only then is the next one read. */
  #schedule(client: number, descriptors: readonly number[], handle: (client: Client) => void): void {
    const found = this.#clients.get(client);
    // Without its user, which is no matter: the client has gone, and with it what it could keep open.
    if (found === undefined) {
      this.#closer.close(NOBODY, descriptors);
      return;
    }
    this.#turns.add(found.uid, () => {
      if (!this.#clients.has(client)) {
        this.#closer.close(found.uid, descriptors);
        return;
      }
      handle(found);
      this.#addon.resumeClient(this.#handle, client);
    });
  }
}
