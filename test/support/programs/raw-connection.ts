// A connection that sends and receives bytes as a test says, right or wrong.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import type { ListenAddress } from '../../../src/drive/net/listen-address.js';

export class RawConnection implements Disposable {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #hasEnded = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', this.#take);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#hasEnded = true;
      this.#wake?.();
    });
  }

  /** `from`: the address of this machine that it comes from. */
  static async open(address: ListenAddress, from?: string): Promise<RawConnection> {
    const socket =
      address.kind === 'unix'
        ? connect({ path: address.path })
        : connect({ host: address.host, port: address.port, ...(from && { localAddress: from }) });
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawConnection(socket);
  }

  readonly #take = (chunk: Buffer): void => {
    this.#received = Buffer.concat([this.#received, chunk]);
    this.#wake?.();
  };

  /**
   * This side's end of TLS, on a connection of which everything that came was received. Rejects as its handshake
   * does.
   */
  async secure(options: ConnectionOptions): Promise<RawConnection> {
    this.socket.off('data', this.#take);
    const secured = connectTls({ ...options, socket: this.socket });
    await once(secured, 'secureConnect');
    return new RawConnection(secured);
  }

  send(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** The next `length` bytes, or what came before the end. */
  async receive(length: number): Promise<Buffer> {
    while (this.#received.length < length && !this.#hasEnded) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const bytes = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(bytes.length);
    return bytes;
  }

  /** Resolves when the other side has ended the connection. */
  async end(): Promise<void> {
    while (!this.#hasEnded) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Big-endian numbers: [bits, value] after one another. */
export function numbers(...fields: readonly (readonly [16 | 32 | 64, number | bigint])[]): Buffer {
  return Buffer.concat(
    fields.map(([bits, value]) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt(value));
      return bytes.subarray(8 - bits / 8);
    }),
  );
}
