// A socket as protocols want it: exactly so many bytes in, whole messages out, and each writer waits for a peer that
// does not read.
import type { Socket } from 'node:net';

/** Seconds of silence before the kernel asks whether the peer is still there. */
const KEEP_ALIVE = 60;

/** Thrown when the peer has gone in the middle of a message. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

export class ByteStream {
  readonly #socket: Socket;
  readonly #closed = new AbortController();
  #wake: (() => void) | undefined;
  #hasEnded = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE * 1000);
    socket.on('readable', () => this.#wake?.());
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#wake?.();
    });
    // What a socket dies of is the peer's affair; 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#hasEnded = true;
      this.#closed.abort();
      this.#wake?.();
    });
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
    if (length === 0) return Buffer.alloc(0);
    for (;;) {
      const bytes = this.#socket.read(length) as Buffer | null;
      if (bytes?.length === length) return bytes;
      if (bytes !== null)
        throw new ConnectionLost(`Connection ended after ${bytes.length} of ${length} bytes`);
      if (this.#hasEnded) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Like `read`, in the middle of a message: rejects with ConnectionLost at any end. */
  async readMore(length: number): Promise<Buffer> {
    const bytes = await this.read(length);
    if (bytes === undefined) throw new ConnectionLost(`Connection ended before ${length} bytes`);
    return bytes;
  }

  /** Reads and forgets `length` bytes, a piece at a time. */
  async skip(length: number): Promise<void> {
    const piece = 64 * 1024;
    for (let left = length; left > 0; left -= piece) await this.readMore(Math.min(left, piece));
  }

  /**
   * Sends the parts one after another, without those of another call between them, and resolves when the kernel has
   * taken them all: their memory is the caller's again, as it is when this rejects with ConnectionLost.
   */
  async write(...parts: readonly Uint8Array[]): Promise<void> {
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
