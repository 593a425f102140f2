// Sectors of an image that was cut out of a disc: its first sector has another address than 0 (ECMA-119 counts from
// the start of the disc, so a session kept alone points to places before and behind itself).
import { IsodriveError } from '../base/error.js';
import type { SectorLayout, SectorReader } from './sector-reader.js';
import { SECTOR_SIZE } from './sector-reader.js';

/** Largest address that may stand in an image's stead: those of ECMA-119 and ECMA-167 have 32 bits. */
export const MAX_SECTOR_OFFSET = 0xffff_ffff;

/** Positions count from the start of the disc. Bytes before the image are `damaged`. Does not own the inner reader. */
export class ShiftedReader implements SectorReader {
  readonly name: string;
  readonly size: number;
  readonly layout: SectorLayout | undefined;
  /** Bytes of the disc before the image. */
  readonly shift: number;
  readonly #inner: SectorReader;

  /** `sectorOffset`: address of the image's first sector. */
  constructor(inner: SectorReader, sectorOffset: number) {
    this.#inner = inner;
    this.shift = sectorOffset * SECTOR_SIZE;
    this.name = inner.name;
    this.size = inner.size + this.shift;
    const { layout } = inner;
    this.layout = layout && { ...layout, offset: layout.offset - sectorOffset * layout.stride };
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    if (position < this.shift) throw this.#beforeImage(position);
    return this.#inner.read(target, position - this.shift, signal);
  }

  peek(position: number, length: number): Uint8Array | undefined {
    return position < this.shift ? undefined : this.#inner.peek?.(position - this.shift, length);
  }

  readCached(target: Uint8Array, position: number): boolean {
    return position >= this.shift && (this.#inner.readCached?.(target, position - this.shift) ?? false);
  }

  #beforeImage(position: number): IsodriveError {
    return new IsodriveError(
      'damaged',
      `Cannot read byte ${position} of the disc that "${this.name}" was cut from: image starts at byte ${this.shift}`,
      { at: { source: this.name, offset: position }, action: 'Use an image of the whole disc' },
    );
  }
}
