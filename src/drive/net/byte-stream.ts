// A socket as protocols want it: exactly so many bytes in, whole messages out, and each writer waits for a peer that
// does not read.
import { countBytes } from '../../base/byte-count.js';
import type { Socket } from 'node:net';
import { tryToLoadAddon } from '../../io/load-addon.js';
import { ByteBudget } from './byte-budget.js';
import { isLoopback } from './listen-address.js';

/** Bytes that wait to be read before the peer has to wait too. */
const MAX_WAITING = 64 * 1024;
/**
 * Bytes that may wait in a Unix socket. A writer is woken when three quarters of them are gone: of the usual 208 KiB,
 * the peer is through with the rest before a busy machine runs us.
 */
const SEND_BUFFER = 4 * 1024 * 1024;
/** Seconds of silence before the kernel asks whether the peer is still there. */
const KEEP_ALIVE = 60;

/** Thrown when the peer has gone in the middle of a message. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** A message of which the bytes need not be copied. */
export interface DirectMessage {
  /** Bytes of all of it. */
  readonly length: number;
  /**
   * Sends the bytes from `offset` on, as many as the socket takes at once, and gives how many; undefined, with
   * nothing sent, when they are not in memory.
   */
  sendNow(socket: number, offset: number): number | undefined;
  /**
   * Some bytes from `offset` on, in memory that stays as it is until the next call. Its rejection ends the
   * connection.
   */
  read(offset: number): Promise<Uint8Array>;
}

export class ByteStream {
  #socket: Socket;
  /** What is sent has to go through TLS, and not past it. */
  #isSecure = false;
  readonly #closed = new AbortController();
  /** One message at a time. */
  readonly #turn = new ByteBudget(1);
  /** What came and was not read yet, the first of it without what was. */
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Bytes that the call under way needs; 0 without one. */
  #needed = 0;
  #wake: (() => void) | undefined;
  #hasEnded = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE * 1000);
    this.#tune();
    this.#watch();
  }

  #watch(): void {
    const socket = this.#socket;
    socket.on('data', this.#receive);
    socket.on('end', this.#endReading);
    // What a socket dies of is the peer's affair; 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#hasEnded = true;
      this.#closed.abort();
      this.#wake?.();
    });
  }

  /** Peers on this machine take bytes as fast as memory does, and wait for nothing but us. */
  #tune(): void {
    const descriptor = this.#descriptor;
    const isLocal = this.#socket.remoteAddress === undefined;
    if (descriptor === undefined || !(isLocal || isLoopback(this.#socket))) return;
    const addon = tryToLoadAddon();
    if (isLocal) addon?.enlargeSendBuffer(descriptor, SEND_BUFFER);
    else addon?.stopPacing(descriptor);
  }

  /** Fires when the connection is gone, whoever ended it. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /**
   * The next `length` bytes; undefined when the peer has ended the connection before the first of them. One call at a
   * time. Rejects with ConnectionLost when it ends later. The caller bounds `length`: so much may be buffered.
   */
  async read(length: number): Promise<Buffer | undefined> {
    while (this.#waitingBytes < length) {
      if (this.#hasEnded) {
        if (this.#waitingBytes === 0) return undefined;
        throw new ConnectionLost(`Connection ended after ${this.#waitingBytes} of ${countBytes(length)}`);
      }
      this.#needed = length;
      this.#socket.resume();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#needed = 0;
    return this.#takeWaiting(length);
  }

  readonly #receive = (chunk: Buffer): void => {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes < this.#needed) return;
    if (this.#waitingBytes >= MAX_WAITING) this.#socket.pause();
    this.#wake?.();
  };

  readonly #endReading = (): void => {
    this.#hasEnded = true;
    this.#wake?.();
  };

  /**
   * Sends `last` in the clear and goes on by TLS, once `shake` has made it of the socket; rejects as `shake` does. No
   * byte that came in the clear is read as one that came by TLS: rejects with ConnectionLost when the peer did not
   * wait for `last`, and what comes behind that check goes to TLS alone.
   */
  async secure(last: Uint8Array, shake: (socket: Socket) => Promise<Socket>): Promise<void> {
    const plain = this.#socket;
    if (this.#waitingBytes > 0) throw new ConnectionLost('Peer went on before it was told to begin with TLS');
    plain.pause();
    plain.off('data', this.#receive);
    plain.off('end', this.#endReading);
    await this.write(last);
    this.#socket = await shake(plain);
    this.#isSecure = true;
    this.#watch();
  }

  /** So many bytes must be waiting. */
  #takeWaiting(length: number): Buffer {
    const first = this.#waiting[0];
    this.#waitingBytes -= length;
    if (first === undefined || length === 0) return Buffer.alloc(0);
    if (first.length > length) {
      this.#waiting[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    if (first.length === length) return this.#waiting.shift()!;
    const all = Buffer.concat(this.#waiting);
    this.#waiting.length = 0;
    if (all.length > length) this.#waiting.push(all.subarray(length));
    return all.subarray(0, length);
  }

  /** Like `read`, in the middle of a message: rejects with ConnectionLost at any end. */
  async readMore(length: number): Promise<Buffer> {
    const bytes = await this.read(length);
    if (bytes === undefined) throw new ConnectionLost(`Connection ended before ${countBytes(length)}`);
    return bytes;
  }

  /** Reads and forgets `length` bytes, a piece at a time. */
  async skip(length: number): Promise<void> {
    const piece = 64 * 1024;
    for (let left = length; left > 0; left -= piece) await this.readMore(Math.min(left, piece));
  }

  /** Sends the parts one after another, as `send` does. */
  write(...parts: readonly Uint8Array[]): Promise<void> {
    return this.send(() => parts);
  }

  /**
   * Sends a message, which `encode` gives in parts when all messages before it are with the kernel, and resolves when
   * this one is too: its memory is the caller's again, as it is when this rejects with ConnectionLost.
   */
  async send(encode: () => readonly Uint8Array[]): Promise<void> {
    const giveBack = await this.#turn.take(1);
    try {
      this.#requireOpen();
      await this.#put(encode());
    } finally {
      giveBack();
    }
  }

  /**
   * Sends a message of `length` bytes piece by piece, as `send` does: `next` gives some from a place on, in memory that
   * stays as it is until the next call.
   */
  async sendPieces(length: number, next: (offset: number) => Promise<Uint8Array>): Promise<void> {
    const giveBack = await this.#turn.take(1);
    try {
      for (let sent = 0; sent < length;) {
        this.#requireOpen();
        const bytes = await next(sent);
        await this.#put([bytes]);
        sent += bytes.length;
      }
    } finally {
      giveBack();
    }
  }

  /**
   * Sends a message from where its bytes are, as `send` does. Gives false, with nothing sent, when they are not in
   * memory, and where that cannot be done at all.
   */
  async sendDirectly(message: DirectMessage): Promise<boolean> {
    const giveBack = await this.#turn.take(1);
    try {
      this.#requireOpen();
      const first = this.#sendNow(message, 0);
      for (
        let sent = first ?? message.length;
        sent < message.length;
        sent += this.#sendNow(message, sent) ?? 0
      ) {
        // Node tells when a socket has room again only to those who have written to it.
        const bytes = await message.read(sent);
        await this.#put([bytes]);
        sent += bytes.length;
      }
      return first !== undefined;
    } catch (cause) {
      // A part of a message leaves the peer without a place to go on from.
      this.destroy();
      throw new ConnectionLost('Connection ended within a message', { cause });
    } finally {
      giveBack();
    }
  }

  /** Nothing may be waiting in the socket. */
  #sendNow(message: DirectMessage, offset: number): number | undefined {
    const socket = this.#descriptor;
    if (socket === undefined || offset >= message.length) return undefined;
    return message.sendNow(socket, offset);
  }

  /** Undefined once the socket is closed: the number may be another's by then. Node has no public way to it. */
  get #descriptor(): number | undefined {
    if (this.#isSecure) return undefined;
    const { _handle: handle } = this.#socket as unknown as { _handle?: { fd?: number } | null };
    return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined;
  }

  /** Resolves when the kernel has it all. */
  async #put(parts: readonly Uint8Array[]): Promise<void> {
    this.#requireOpen();
    await new Promise<void>((resolve) => {
      this.#socket.cork();
      parts.forEach((part, i) => {
        // Called for writes that fail as well.
        if (i === parts.length - 1) this.#socket.write(part, () => resolve());
        else this.#socket.write(part);
      });
      this.#socket.uncork();
    });
    this.#requireOpen();
  }

  /** Ends the connection once what was written is sent, whatever of the peer's is still unread. */
  end(): void {
    this.#socket.destroySoon();
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#socket.destroy();
  }

  #requireOpen(): void {
    if (this.#socket.destroyed || this.#socket.writableEnded)
      throw new ConnectionLost('Connection has ended');
  }
}
