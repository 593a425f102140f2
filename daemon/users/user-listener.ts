// Clients of the system service: native code accepts and reads them, because Node's sockets drop descriptors; what is
// sent to them goes through a socket of Node's. Users take turns.
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { loadAddon } from '../../native/index.js';
import type { Addon, ClientLimits, ControlListenerHandle, PeerCredentials } from '../../native/index.js';
import type { ControlInput } from './control-input.js';
import type { DescriptorCloser } from './descriptor-closer.js';
import { TurnQueue } from './turn-queue.js';

/** Serves a client from now on; false when it is refused: its socket is then destroyed. */
export type AcceptClient = (peer: PeerCredentials, socket: Socket, input: ControlInput) => boolean;

export class UserListener {
  readonly #addon: Addon = loadAddon();
  readonly #handle: ControlListenerHandle;
  readonly #clients = new Map<number, ControlInput>();
  readonly #turns = new TurnQueue();
  readonly #closer: DescriptorCloser;

  /** `descriptor`: of a listening socket, which stays the caller's. `closer`: for what comes too late. */
  constructor(descriptor: number, limits: ClientLimits, closer: DescriptorCloser, accept: AcceptClient) {
    this.#closer = closer;
    this.#handle = this.#addon.listenForClients(this.#addon.duplicateDescriptor(descriptor), limits, {
      onClient: (client, socket) => this.#accept(client, socket, accept),
      onBytes: (client, bytes, descriptors, isCut, uid) => {
        this.#turns.add(uid, () => {
          const found = this.#clients.get(client);
          // Gone meanwhile: what it has passed came too late.
          if (found === undefined) this.#closeLate(uid, descriptors);
          else found.onBytes(bytes, descriptors, isCut);
          this.#addon.resumeClient(this.#handle, client);
        });
      },
      onEnd: (client, uid) => this.#turns.add(uid, () => this.#clients.get(client)?.onEnd()),
    });
  }

  #closeLate(uid: number, descriptors: readonly number[]): void {
    const owner = this.#closer.ofUser(uid);
    try {
      owner.receive(descriptors.length);
    } catch {
      // Too many: there is nobody left to be told.
    }
    owner.close(descriptors);
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
    this.#clients.set(client, input);
    if (accept(peer, socket, input)) this.#addon.resumeClient(this.#handle, client);
  }
}
