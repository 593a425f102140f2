// Subchannels as CloneCD stores them, 12 bytes of each channel from P to W, of those that are stored as drives give
// them: a bit of each channel in a byte.
import { BlockCache } from '../codec/block-cache.js';
import { UnitReader } from '../codec/unit-reader.js';
import type { UnitContent } from '../codec/unit-reader.js';
import type { ByteSource, SourceUnits } from '../source/byte-source.js';
import type { Subchannel } from './disc.js';
import { PlanStream } from './plan-stream.js';
import { SUBCHANNEL_BYTES } from './sector-parity.js';

const CHANNELS = 8;
/** Bytes of one channel. */
const CHANNEL_BYTES = SUBCHANNEL_BYTES / CHANNELS;
/** Sectors that are decoded together: nearly a page. */
const UNIT_SECTORS = 42;
/** Bytes of decoded units that are kept for JavaScript's own reading. */
const CACHE_BYTES = 262_144;

/** The stream itself where it is stored so. */
export function linearSubchannel({ stream, form }: Subchannel): PlanStream {
  return form === 'linear' ? stream : PlanStream.plain(new LinearSource(stream));
}

class LinearSource implements ByteSource, UnitContent {
  readonly name: string;
  readonly size: number;
  readonly unitBytes = UNIT_SECTORS * SUBCHANNEL_BYTES;
  readonly units: SourceUnits = { unitBytes: this.unitBytes, filler: 'script' };
  readonly #stream: PlanStream;
  readonly #reader: UnitReader;

  constructor(stream: PlanStream) {
    this.name = stream.name;
    this.size = stream.size - (stream.size % SUBCHANNEL_BYTES);
    this.#stream = stream;
    this.#reader = new UnitReader({
      ...{ size: this.size, unitBytes: this.unitBytes, name: '', cache: new BlockCache(CACHE_BYTES) },
      decodeUnits: this.decodeUnits.bind(this),
    });
  }

  read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    return this.#reader.read(target, position, signal);
  }

  async decodeUnits(first: number, count: number, target: Uint8Array): Promise<readonly undefined[]> {
    const stored = new Uint8Array(target.length);
    await this.#stream.read(stored, first * this.unitBytes);
    for (let at = 0; at < stored.length; at += SUBCHANNEL_BYTES)
      separate(stored.subarray(at, at + SUBCHANNEL_BYTES), target.subarray(at, at + SUBCHANNEL_BYTES));
    return Array.from({ length: count }, () => undefined);
  }

  /** It owns nothing. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** Bit 7 of a stored byte is P's, bit 0 W's; the first of each channel is the highest bit of its first byte. */
function separate(stored: Uint8Array, target: Uint8Array): void {
  target.fill(0);
  for (const [i, byte] of stored.entries()) {
    const mask = 0x80 >> (i % 8);
    for (let channel = 0; channel < CHANNELS; channel += 1) {
      if ((byte & (0x80 >> channel)) === 0) continue;
      const at = channel * CHANNEL_BYTES + (i >> 3);
      target[at] = target[at]! | mask;
    }
  }
}
