// User data of a track: its sectors as one run of bytes, however the image stores them.
import type { ByteSource } from '../source/byte-source.js';

/** Bytes of user data in a sector of a data disc (ECMA-130 14, mode 1; ECMA-167). */
export const SECTOR_SIZE = 2048;

/** Where in a plain descriptor the user data lies: sector n starts at `offset + n * stride + skip`. */
export interface SectorLayout {
  readonly fileDescriptor: number;
  /** Bytes before the first sector. */
  readonly offset: number;
  /** Bytes from one sector's start to the next one's. */
  readonly stride: number;
  /** Bytes of sync and header before the user data of each sector. */
  readonly skip: number;
}

/** Byte-addressed user data, 2048 bytes a sector. Its methods keep the contract of ByteSource. */
export interface SectorReader extends Pick<
  ByteSource,
  'name' | 'size' | 'read' | 'peek' | 'readCached' | 'sendCached'
> {
  /** Present when native code can read the same bytes itself. */
  readonly layout: SectorLayout | undefined;
}

/** Sectors that lie one after another in a source, user data only, as in an .iso file. Does not own the source. */
export class PlainSectorReader implements SectorReader {
  readonly name: string;
  readonly size: number;
  readonly layout: SectorLayout | undefined;
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
    this.name = source.name;
    this.size = source.size;
    const { fileDescriptor } = source;
    if (fileDescriptor !== undefined) {
      this.layout = { fileDescriptor, offset: 0, stride: SECTOR_SIZE, skip: 0 };
    }
  }

  read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    return this.#source.read(target, position, signal);
  }

  peek(position: number, length: number): Uint8Array | undefined {
    return this.#source.peek?.(position, length);
  }

  readCached(target: Uint8Array, position: number): boolean {
    return this.#source.readCached?.(target, position) ?? false;
  }

  sendCached(socket: number, header: Uint8Array, position: number, length: number): number | undefined {
    return this.#source.sendCached?.(socket, header, position, length);
  }
}
