// Whole sectors of a disc of which the image holds less: sync, header and codes are made when a sector is read.
import { BlockCache } from '../codec/block-cache.js';
import { UnitReader } from '../codec/unit-reader.js';
import type { UnitContent } from '../codec/unit-reader.js';
import { toIsodriveError } from '../base/error.js';
import type { ByteSource, SourceUnits } from '../source/byte-source.js';
import { SECTOR_SIZE } from './data-stream.js';
import { leadOutOf } from './disc.js';
import type { Disc, Track } from './disc.js';
import { LEAD_FRAMES, FRAMES_PER_MINUTE } from './sector-address.js';
import { encodeSector, writeFront } from './sector-code.js';
import { DATA_OFFSET, HEADLESS_BYTES, PAYLOAD_BYTES, RAW_SECTOR_SIZE } from './sector-parity.js';
import { PlanStream } from './plan-stream.js';
import { endOf, findSegment, runSegment, sliceSegment } from './read-plan.js';
import type { Segment, Segments } from './read-plan.js';

/** Blocks that a header can say: its minutes have two decimal digits. */
export const MAX_CD_BLOCKS = 100 * FRAMES_PER_MINUTE - LEAD_FRAMES;
/** Bytes of made sectors that are kept for JavaScript's own reading. */
const CACHE_BYTES = 1024 * 1024;

type SectorStreams = Pick<Disc, 'sessions' | 'data' | 'raw' | 'headless' | 'payload'>;

/**
 * All whole sectors of a disc, those that have to be made among them. What is unknown of a sector, or lost, stays
 * absent. Of a disc that is larger than a CD, as a GD-ROM is, those that are stored; undefined where none are.
 */
export function completeRaw(disc: SectorStreams): PlanStream | undefined {
  const { raw, data } = disc;
  if (leadOutOf(disc) > MAX_CD_BLOCKS) return raw;
  const bases = raw?.bases ?? [];
  const made = makeableParts(disc, bases.length);
  const stored = raw?.segments ?? [];
  if (made.length === 0) return raw ?? new PlanStream(data.name, [], []);
  return new PlanStream(data.name, fillHoles(stored, made), [...bases, new MadeSectors(disc)]);
}

/** Sectors that can be made, wherever they are stored as well. */
function makeableParts({ sessions, data, headless, payload }: SectorStreams, base: number): Segment[] {
  const whole: Segment[] = [];
  const cooked: Segment[] = [];
  for (const track of sessions.flatMap(({ tracks }) => tracks)) {
    if (track.mode === 'audio') continue;
    if (headless !== undefined) whole.push(...partsOf(track, headless, HEADLESS_BYTES, base));
    if (track.mode === 'mode2') continue;
    for (const part of partsOf(track, data, SECTOR_SIZE, base)) {
      // Of a sector of form 2, 2048 bytes are not all.
      const place = (part.start / RAW_SECTOR_SIZE) * PAYLOAD_BYTES;
      if (payload?.holds(place, 1) !== true) cooked.push(part);
    }
  }
  return fillHoles(whole, cooked);
}

/** The sectors of a track that a stream has, in which each has `unit` bytes. */
function partsOf(
  { start, length, pregap = 0 }: Track,
  { segments }: PlanStream,
  unit: number,
  base: number,
): Segment[] {
  const parts: Segment[] = [];
  const from = Math.max(0, start - pregap);
  const end = start + length;
  for (let i = findSegment(segments, from * unit); i < segments.length; i += 1) {
    const segment = segments[i]!;
    if (segment.start >= end * unit) break;
    const first = Math.max(from, Math.ceil(segment.start / unit));
    const last = Math.min(end, Math.ceil((segment.start + segment.length) / unit));
    if (segment.kind === 'absent' || last <= first) continue;
    const place = first * RAW_SECTOR_SIZE;
    parts.push(runSegment(place, (last - first) * RAW_SECTOR_SIZE, base, place));
  }
  return parts;
}

/** `stored`, and of `made` what that has not. Both are in order. */
function fillHoles(stored: Segments, made: Segments): Segment[] {
  const result: Segment[] = [];
  let done = 0;
  const fill = (to: number): void => {
    for (let i = findSegment(made, done); i < made.length && made[i]!.start < to && done < to; i += 1) {
      const part = made[i]!;
      const from = Math.max(done, part.start);
      const end = Math.min(to, part.start + part.length);
      if (from > done) result.push({ kind: 'absent', start: done, length: from - done });
      result.push(...sliceSegment(part, from - part.start, end - part.start));
      done = end;
    }
    if (to > done) result.push({ kind: 'absent', start: done, length: to - done });
    done = to;
  };
  for (const segment of stored) {
    if (segment.kind === 'absent') continue;
    fill(segment.start);
    result.push(segment);
    done = segment.start + segment.length;
  }
  fill(Math.max(done, endOf(made)));
  return result;
}

/** A base of the plan, whose byte is that of the raw stream: a unit is a sector, so that one that fails fails alone. */
class MadeSectors implements ByteSource, UnitContent {
  readonly name: string;
  readonly size: number;
  readonly unitBytes = RAW_SECTOR_SIZE;
  readonly units: SourceUnits = { unitBytes: RAW_SECTOR_SIZE, filler: 'script' };
  readonly #disc: SectorStreams;
  readonly #tracks: readonly Track[];
  readonly #reader: UnitReader;

  constructor(disc: SectorStreams) {
    this.name = disc.data.name;
    this.size = leadOutOf(disc) * RAW_SECTOR_SIZE;
    this.#disc = disc;
    this.#tracks = disc.sessions.flatMap(({ tracks }) => tracks);
    this.#reader = new UnitReader({
      ...{ size: this.size, unitBytes: RAW_SECTOR_SIZE, name: '', cache: new BlockCache(CACHE_BYTES) },
      decodeUnits: this.decodeUnits.bind(this),
    });
  }

  read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    return this.#reader.read(target, position, signal);
  }

  async decodeUnits(
    first: number,
    count: number,
    target: Uint8Array,
  ): Promise<readonly (Error | undefined)[]> {
    const data = Buffer.alloc(count * SECTOR_SIZE);
    const { data: cooked, headless } = this.#disc;
    const isRead = (await readQuietly(cooked, data, first * SECTOR_SIZE)) === undefined;
    const errors: (Error | undefined)[] = [];
    for (let i = 0; i < count; i += 1) {
      const block = first + i;
      const sector = Buffer.from(target.buffer, target.byteOffset + i * RAW_SECTOR_SIZE, RAW_SECTOR_SIZE);
      let error: Error | undefined;
      if (headless?.holds(block * HEADLESS_BYTES, HEADLESS_BYTES) === true) {
        error = await readQuietly(headless, sector.subarray(DATA_OFFSET), block * HEADLESS_BYTES);
        writeFront(sector, block, 2);
      } else {
        const bytes = data.subarray(i * SECTOR_SIZE, (i + 1) * SECTOR_SIZE);
        error = isRead ? undefined : await readQuietly(cooked, bytes, block * SECTOR_SIZE);
        const track = this.#tracks.findLast(({ start, pregap = 0 }) => start - pregap <= block);
        sector.set(encodeSector(bytes, block, track?.mode === 'xa' ? 'xa' : 'mode1'));
      }
      errors.push(error);
    }
    return errors;
  }

  /** It owns nothing. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** What has kept it from reading; the last sector of a plain image may be cut short, and zeros are behind it. */
async function readQuietly(stream: PlanStream, target: Buffer, position: number): Promise<Error | undefined> {
  try {
    const got = await stream.read(target, position);
    target.fill(0, got);
    return undefined;
  } catch (thrown) {
    return toIsodriveError(thrown);
  }
}
