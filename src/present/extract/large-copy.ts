// Copies large runs of an image that is a plain file by threads of the addon, two pieces at a time: one is read while
// the other is written.
import { ftruncateSync } from 'node:fs';
import type { Addon, IoPoolHandle } from '../../../native/index.js';
import type { PlanStream } from '../../disc/plan-stream.js';
import { tryToLoadAddon } from '../../io/load-addon.js';
import { throwIfAborted } from '../../base/abort.js';

/** Bytes of a run from which it is worth while, and of one call, after which progress and ^C get their turn. */
const LEAST_BYTES = 2_097_152;
const PIECE_BYTES = 8_388_608;
const THREADS = 2;

export interface CopiedRun {
  readonly position: number;
  readonly length: number;
  /** Open for writing, and where in it. */
  readonly target: number;
  readonly targetPosition: number;
}

export class LargeCopy {
  readonly #addon: Addon;
  readonly #data: PlanStream;
  readonly #descriptor: number;
  #pool: IoPoolHandle | undefined;

  private constructor(addon: Addon, data: PlanStream, descriptor: number) {
    this.#addon = addon;
    this.#data = data;
    this.#descriptor = descriptor;
  }

  /** Undefined where there is no addon, and for an image of which a file does not hold all. */
  static open(data: PlanStream): LargeCopy | undefined {
    const addon = process.platform === 'linux' ? tryToLoadAddon() : undefined;
    const base = data.bases[0]?.base;
    if (addon === undefined || base === undefined || base.absent.length > 0) return undefined;
    return new LargeCopy(addon, data, base.descriptor);
  }

  /**
   * Copies from the start of a run on, and gives how far it came: what is left, since a read or a write failed, is the
   * caller's, and nothing of it is in the target. `onBytes` is told of every piece. Rejects with `cancelled`, and with
   * `image-changed`.
   */
  async copy(
    { position, length, target, targetPosition }: CopiedRun,
    onBytes: (bytes: number) => void,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const place = length < LEAST_BYTES ? undefined : this.#data.locate(position, length);
    if (place === undefined) return 0;
    const pool = (this.#pool ??= this.#addon.openIoPool(THREADS));
    // Where no thread could be had, the copying says so.
    await this.#addon.poolReserve(pool, target, targetPosition, length).catch(() => undefined);
    let begun = 0;
    const shortEnds: number[] = [];
    const work = async (): Promise<void> => {
      while (begun < length && shortEnds.length === 0 && signal?.aborted !== true) {
        const at = begun;
        const size = Math.min(PIECE_BYTES, length - at);
        begun += size;
        const got = await this.#piece(pool, place + at, size, target, targetPosition + at);
        onBytes(got);
        if (got < size) shortEnds.push(at + got);
      }
    };
    await Promise.all(Array.from({ length: THREADS }, work));
    throwIfAborted(signal);
    const copied = Math.min(begun, ...shortEnds);
    // Pieces behind a fault may have been copied, and room for the rest is set aside.
    if (copied < length) ftruncateSync(target, targetPosition + copied);
    // A short read makes the source look whether the image is still the one that was opened; it may fail itself.
    await this.#data.read(new Uint8Array(1), position, signal);
    return copied;
  }

  async #piece(
    pool: IoPoolHandle,
    position: number,
    length: number,
    target: number,
    targetPosition: number,
  ): Promise<number> {
    try {
      return await this.#addon.poolCopy(pool, this.#descriptor, position, target, targetPosition, length);
    } catch {
      // No thread could be had.
      return 0;
    }
  }
}
