// A ByteSource around an image that could not be read whole: what its map file does not call rescued reads as EIO
// instead of the zeros that stand there, for native code too.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import type { ByteSource, NativeBase, SourceIdentity } from '../byte-source.js';
import type { RescueMap } from './rescue-map.js';

export class DamagedSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly identity?: SourceIdentity;
  readonly base?: NativeBase;
  readonly #inner: ByteSource;
  readonly #map: RescueMap;

  /** Takes ownership of `inner`. */
  constructor(inner: ByteSource, map: RescueMap) {
    this.name = inner.name;
    this.size = inner.size;
    if (inner.identity !== undefined) this.identity = inner.identity;
    if (inner.base !== undefined) this.base = { ...inner.base, absent: map.missing(inner.size) };
    this.#inner = inner;
    this.#map = map;
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    const length = Math.max(0, Math.min(target.length, this.size - position));
    if (!this.#map.isRescued(position, length)) this.#refuse(position, length);
    return this.#inner.read(target, position, signal);
  }

  readCached(target: Uint8Array, position: number): boolean {
    if (!this.#map.isRescued(position, target.length)) return false;
    return this.#inner.readCached?.(target, position) ?? false;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#inner[Symbol.asyncDispose]();
  }

  #refuse(position: number, length: number): never {
    const end = position + length;
    const bad = this.#map.missing(this.size).find((run) => run.position + run.size > position);
    const offset = Math.min(Math.max(bad?.position ?? position, position), end);
    throw new IsodriveError(
      'image-unreadable',
      `Cannot read ${countBytes(length)} at byte ${position} of "${this.name}": byte ${offset} could not be read when the ` +
        `image was made, as its map file says`,
      {
        at: { source: this.name, offset },
        action: 'Read the disc again: isodrive create goes on where it stopped',
      },
    );
  }
}
