// Clients of the system service: native code accepts and reads them, because Node's sockets drop descriptors; what is
// sent to them goes through a socket of Node's. Users take turns.
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { loadAddon } from '../../native/index.js';
import type { Addon, ClientLimits, ControlListenerHandle, PeerCredentials } from '../../native/index.js';
import type { ControlInput } from '../control-connection.js';
import { TurnQueue } from './turn-queue.js';

interface Client {
  readonly uid: number;
  readonly input: ControlInput;
}

export type AcceptClient = (peer: PeerCredentials, socket: Socket, input: ControlInput) => void;

export class UserListener {
  readonly #addon: Addon = loadAddon();
  readonly #handle: ControlListenerHandle;
  readonly #clients = new Map<number, Client>();
  readonly #turns = new TurnQueue();

  /** `descriptor`: of a listening socket, which stays the caller's. */
  constructor(descriptor: number, limits: ClientLimits, accept: AcceptClient) {
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

  #accept(client: number, descriptor: number, accept: AcceptClient): void {
    const socket = new Socket({ fd: descriptor, readable: false, writable: true, allowHalfOpen: true });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#clients.delete(client);
      this.#addon.dropClient(this.#handle, client);
    });
    const input: ControlInput = { onBytes: () => undefined, onEnd: () => undefined };
    const peer = this.#addon.peerCredentials(descriptor);
    this.#clients.set(client, { uid: peer.uid, input });
    accept(peer, socket, input);
    this.#addon.resumeClient(this.#handle, client);
  }

  /** Has a piece handled when it is its user's turn; only then is the next one read. */
  #schedule(client: number, descriptors: readonly number[], handle: (client: Client) => void): void {
    const found = this.#clients.get(client);
    if (found === undefined) {
      descriptors.forEach(closeSync);
      return;
    }
    this.#turns.add(found.uid, () => {
      if (!this.#clients.has(client)) {
        descriptors.forEach(closeSync);
        return;
      }
      handle(found);
      this.#addon.resumeClient(this.#handle, client);
    });
  }
}
