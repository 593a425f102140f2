// Bytes in memory behind the contract of a source: it counts its reads, can be made slow, and has bad places.
import { IsodriveError } from '../../../src/base/error.js';
import type { ByteSource } from '../../../src/source/byte-source.js';

export class FaultySource implements ByteSource {
  readonly name = 'memory';
  readonly size: number;
  /** Position and length of every read so far. */
  readonly reads: [number, number][] = [];
  /** Reads that touch bytes in here fail: first byte, byte behind the last. */
  bad: readonly [number, number] = [0, 0];
  /** Says for a read's first byte and the one behind its last whether and how it fails. */
  fault: ((position: number, end: number) => IsodriveError | undefined) | undefined;
  /** Reads begin, and wait for this. */
  held: Promise<void> | undefined;
  /** Bytes that `readCached` has: first byte, byte behind the last. */
  inMemory: readonly [number, number] = [0, 0];
  /** Speeds that were asked for; undefined for a source that knows none. */
  speeds: number[] | undefined;
  disposed = false;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    this.reads.push([position, target.length]);
    await new Promise(setImmediate);
    await this.held;
    if (this.disposed) throw new Error('Read after dispose');
    const end = Math.min(position + target.length, this.size);
    if (position < this.bad[1] && end > this.bad[0]) {
      throw new IsodriveError('image-unreadable', `Cannot read byte ${position}: EIO`);
    }
    const fault = this.fault?.(position, end);
    if (fault !== undefined) throw fault;
    if (end <= position) return 0;
    target.set(this.#bytes.subarray(position, end));
    return end - position;
  }

  setSpeed(speed: number): Promise<void> {
    if (this.speeds === undefined) return Promise.reject(new IsodriveError('unsupported', 'It has no speed'));
    this.speeds.push(speed);
    return Promise.resolve();
  }

  readCached(target: Uint8Array, position: number): boolean {
    const end = position + target.length;
    if (position < this.inMemory[0] || end > this.inMemory[1]) return false;
    target.set(this.#bytes.subarray(position, end));
    return true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
    return Promise.resolve();
  }
}
