// FLAC files as samples: the frames of a stream with one block size are units that are decoded one by one, and found
// by the numbers in their headers.
import { IsodriveError, toIsodriveError } from '../../base/error.js';
import { decodeFlacFrame, MAX_HEADER_BYTES, parseFlacHeader } from '../../codec/flac.js';
import { UnitSource } from '../../disc/unit-source.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost, readIfPossible } from '../../source/read-fully.js';
import { parseStreamInfo } from './flac-stream-info.js';
import { MAX_CHUNKS, refuseFormat, SAMPLE_BYTES, SAMPLE_RATE } from './sound-place.js';
import type { NoSound } from './sound-place.js';

const HEAD_BYTES = 42;
const BLOCK_HEADER = 4;
const LAST_BLOCK = 0x80;
/** Frames this far behind a known one are looked for from there on. */
const NEAR_FRAMES = 8;
/** Halvings of a file of any size. */
const MAX_STEPS = 48;
/** Known places of frames that are kept. */
const MAX_KNOWN = 65_536;

export async function openFlac(source: ByteSource, signal?: AbortSignal): Promise<ByteSource | NoSound> {
  const info = parseStreamInfo(Buffer.from(await readIfPossible(source, 0, HEAD_BYTES, signal)));
  if (info === undefined) return { refusal: 'a FLAC file without stream information' };
  const { rate, channels, bits, samples, blockSamples } = info;
  if (rate !== SAMPLE_RATE || channels !== 2 || bits !== 16) return refuseFormat(channels, bits, rate);
  if (samples === undefined) return { refusal: 'a FLAC file that does not say how long it is' };
  if (blockSamples === undefined) return { refusal: 'a FLAC file with blocks of different sizes', samples };
  const start = await findFirstFrame(source, signal);
  if (start === undefined) return { refusal: 'a FLAC file without frames', samples };
  const frames = new FlacFrames(source, start, blockSamples, Math.ceil(samples / blockSamples));
  return new UnitSource({
    of: source,
    size: samples * SAMPLE_BYTES,
    unitBytes: blockSamples * SAMPLE_BYTES,
    decodeUnits: (first, count, target) => frames.decode(first, count, target),
  });
}

/** Byte behind the blocks of metadata. */
async function findFirstFrame(
  source: ByteSource,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  let at = 4;
  for (let count = 0; count < MAX_CHUNKS; count += 1) {
    const header = await readIfPossible(source, at, BLOCK_HEADER, signal);
    if (header.length < BLOCK_HEADER) return undefined;
    at += BLOCK_HEADER + ((header[1]! << 16) | (header[2]! << 8) | header[3]!);
    if ((header[0]! & LAST_BLOCK) !== 0) return at < source.size ? at : undefined;
  }
  return undefined;
}

interface Place {
  readonly frame: number;
  readonly offset: number;
}

/** Bytes of frames that follow each other, which one read gets. */
class FrameWindow {
  readonly #source: ByteSource;
  /** That no frame is longer than. */
  readonly #frameBytes: number;
  readonly #count: number;
  #bytes: Uint8Array = new Uint8Array();
  #start = 0;

  constructor(source: ByteSource, frameBytes: number, count: number) {
    this.#source = source;
    this.#frameBytes = frameBytes;
    this.#count = count;
  }

  /** From a frame's first byte on, its last among them. */
  async read(offset: number): Promise<Uint8Array> {
    const end = Math.min(this.#source.size, offset + this.#frameBytes);
    if (offset < this.#start || end > this.#start + this.#bytes.length) {
      this.#bytes = await readAtMost(this.#source, offset, this.#frameBytes * this.#count);
      this.#start = offset;
    }
    return this.#bytes.subarray(offset - this.#start);
  }
}

class FlacFrames {
  readonly #source: ByteSource;
  readonly #start: number;
  readonly #blockSamples: number;
  readonly #count: number;
  /** Bytes that no frame is longer than: samples as they are, one channel a bit wider, and what is around them. */
  readonly #maxBytes: number;
  readonly #known = new Map<number, number>();

  constructor(source: ByteSource, start: number, blockSamples: number, count: number) {
    this.#source = source;
    this.#start = start;
    this.#blockSamples = blockSamples;
    this.#count = count;
    this.#maxBytes = Math.ceil((blockSamples * 33) / 8) + 64;
  }

  /** See UnitContent.decodeUnits. */
  async decode(first: number, count: number, target: Uint8Array): Promise<(Error | undefined)[]> {
    const unitBytes = this.#blockSamples * SAMPLE_BYTES;
    const errors: (Error | undefined)[] = [];
    const window = new FrameWindow(this.#source, this.#maxBytes + MAX_HEADER_BYTES, count);
    for (let i = 0; i < count; i += 1) {
      const room = target.subarray(i * unitBytes, (i + 1) * unitBytes);
      errors.push(await this.#decodeOne(first + i, room, window));
    }
    return errors;
  }

  async #decodeOne(frame: number, target: Uint8Array, window: FrameWindow): Promise<Error | undefined> {
    try {
      const offset = await this.#find(frame);
      const bytes = await window.read(offset);
      const header = parseFlacHeader(bytes, 0);
      if (header?.number !== frame || header.samples * SAMPLE_BYTES < target.length) throw this.#lose(frame);
      const room =
        header.samples * SAMPLE_BYTES === target.length
          ? target
          : new Uint8Array(header.samples * SAMPLE_BYTES);
      const end = decodeFlacFrame(bytes, 0, header, room);
      if (room !== target) target.set(room.subarray(0, target.length));
      this.#remember({ frame: frame + 1, offset: offset + end });
      return undefined;
    } catch (thrown) {
      return toIsodriveError(thrown);
    }
  }

  /** Byte of a frame. */
  async #find(frame: number): Promise<number> {
    if (frame === 0) return this.#start;
    const known = this.#known.get(frame);
    if (known !== undefined) return known;
    let low: Place = { frame: 0, offset: this.#start };
    let end = this.#source.size;
    for (let step = 0; frame - low.frame > NEAR_FRAMES && step < MAX_STEPS; step += 1) {
      const share = step % 2 === 0 ? (frame - low.frame) / (this.#count - low.frame) : 0.5;
      const at = low.offset + Math.floor((end - low.offset) * Math.min(0.95, share));
      const found = await this.#search(
        at,
        Math.min(end, at + 2 * this.#maxBytes),
        (number) => number > low.frame,
      );
      if (found === undefined || found.frame > frame) end = at;
      else if (found.frame === frame) return this.#remember(found);
      else low = found;
      if (end - low.offset <= this.#maxBytes) break;
    }
    const to = low.offset + (NEAR_FRAMES + 2) * this.#maxBytes;
    const found = await this.#search(low.offset, to, (number) => number === frame);
    if (found === undefined) throw this.#lose(frame);
    return this.#remember(found);
  }

  /** The first frame with a number that fits, which begins in a range of bytes. */
  async #search(from: number, to: number, fits: (number: number) => boolean): Promise<Place | undefined> {
    const bytes = await readAtMost(this.#source, from, to - from + MAX_HEADER_BYTES);
    for (let at = bytes.indexOf(0xff); at >= 0 && at < to - from; at = bytes.indexOf(0xff, at + 1)) {
      const header = parseFlacHeader(bytes, at);
      if (header === undefined || header.number >= this.#count || !fits(header.number)) continue;
      const isLast = header.number === this.#count - 1;
      if (isLast || header.samples === this.#blockSamples) return { frame: header.number, offset: from + at };
    }
    return undefined;
  }

  #remember({ frame, offset }: Place): number {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(frame, offset);
    return offset;
  }

  #lose(frame: number): IsodriveError {
    return new IsodriveError(
      'damaged',
      `Cannot decode "${this.#source.name}": frame ${frame} is not there, expected ${this.#count} frames`,
      { at: { source: this.#source.name }, action: 'Fetch the file again' },
    );
  }
}
