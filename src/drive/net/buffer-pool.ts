// Memory for data on its way from an image to a socket, used again and again: memory that is new each time costs the
// kernel more (page faults, zeroing, giving it back) than copying the data does.

/** Buffers that wait to be used again; more are given up. */
const MAX_FREE = 64;

export class BufferPool {
  readonly #size: number;
  /** Resizable, since memory that is resized to nothing is the system's again at once: nobody has to collect it. */
  readonly #free: ArrayBuffer[] = [];

  /** `size`: bytes of every buffer. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Bytes that wait to be used again. */
  get kept(): number {
    return this.#free.length * this.#size;
  }

  /** `length` bytes, `size` at most, with anything in them, for the caller alone until they are given back. */
  take(length: number): Buffer {
    const memory = this.#free.pop() ?? new ArrayBuffer(this.#size, { maxByteLength: this.#size });
    return Buffer.from(memory, 0, length);
  }

  /** What `take` gave, once: nobody reads or writes it any more. */
  giveBack({ buffer }: Buffer): void {
    const memory = buffer as ArrayBuffer;
    if (this.#free.length < MAX_FREE) this.#free.push(memory);
    else memory.resize(0);
  }

  /** Gives up what waits. */
  clear(): void {
    for (const memory of this.#free.splice(0)) memory.resize(0);
  }
}
