// Compares two discs sector by sector, however their images store them: whole sectors where both have them, and user
// data otherwise.
import { throwIfAborted } from '../../base/abortable.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { Disc } from '../../disc/disc.js';
import type { PlanStream } from '../../disc/plan-stream.js';
import { RAW_SECTOR_SIZE } from '../../disc/sector-parity.js';
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import { tryToRead } from '../create/medium-fault.js';
import type { PassOptions } from '../verify/image-pass.js';

/** Sectors that are read at a time. */
const CHUNK_SECTORS = 256;

interface Stream {
  readonly stream: PlanStream;
  readonly bytes: number;
  /** Sectors that it holds, from and up to, in order. */
  readonly held: readonly (readonly [number, number])[];
}

/**
 * Ranges that differ, that cannot be read of one, or that one of them lacks: as of user data, 2048 bytes a sector.
 * Rejects as ByteSource.read does, but for bad places.
 */
export async function compareDiscs(
  a: Pick<Disc, 'data' | 'raw'>,
  b: Pick<Disc, 'data' | 'raw'>,
  { onProgress, signal }: PassOptions = {},
): Promise<ByteRange[]> {
  const [left, right] = [streamsOf(a), streamsOf(b)];
  const borders = new Set([...left, ...right].flatMap(({ held }) => held.flat()));
  const places = [...borders].sort((one, other) => one - other);
  const total = places.at(-1) ?? 0;
  const differing: ByteRange[] = [];
  for (const [i, from] of places.slice(0, -1).entries()) {
    const pair = left
      .map((one, kind) => [one, right[kind]!] as const)
      .find(([one, other]) => holds(one, from) && holds(other, from));
    const to = places[i + 1]!;
    if (pair === undefined) {
      if ([...left, ...right].some((one) => holds(one, from))) add(differing, from, to);
      continue;
    }
    for (let at = from; at < to; at += CHUNK_SECTORS) {
      throwIfAborted(signal);
      await compareChunk(pair, at, Math.min(to, at + CHUNK_SECTORS), differing, signal);
      onProgress?.(at * SECTOR_SIZE, total * SECTOR_SIZE);
    }
  }
  return differing;
}

/** Whole sectors first. */
function streamsOf({ data, raw }: Pick<Disc, 'data' | 'raw'>): [Stream, Stream] {
  return [describe(raw, data, RAW_SECTOR_SIZE), describe(data, data, SECTOR_SIZE)];
}

function describe(stream: PlanStream | undefined, otherwise: PlanStream, bytes: number): Stream {
  const runs = stream?.rangesOf('bytes', 'zeros') ?? [];
  const held = runs.map(({ start, end }) => [Math.ceil(start / bytes), Math.ceil(end / bytes)] as const);
  return { stream: stream ?? otherwise, bytes, held };
}

function holds({ held }: Stream, sector: number): boolean {
  return held.some(([from, to]) => from <= sector && sector < to);
}

async function compareChunk(
  [one, other]: readonly [Stream, Stream],
  from: number,
  to: number,
  differing: ByteRange[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const [ours, theirs] = [await readChunk(one, from, to, signal), await readChunk(other, from, to, signal)];
  if (ours?.equals(theirs ?? Buffer.alloc(0)) === true) return;
  if (to - from === 1) {
    add(differing, from, to);
    return;
  }
  const middle = Math.floor((from + to) / 2);
  await compareChunk([one, other], from, middle, differing, signal);
  await compareChunk([one, other], middle, to, differing, signal);
}

/** Undefined where not all of it can be read. */
async function readChunk(
  { stream, bytes }: Stream,
  from: number,
  to: number,
  signal: AbortSignal | undefined,
): Promise<Buffer | undefined> {
  // The last sector of an image may be cut short.
  const target = Buffer.alloc(Math.min(stream.size, to * bytes) - from * bytes);
  return (await tryToRead(stream, target, from * bytes, signal)) ? target : undefined;
}

function add(ranges: ByteRange[], from: number, to: number): void {
  const last = ranges.at(-1);
  const [position, size] = [from * SECTOR_SIZE, (to - from) * SECTOR_SIZE];
  if (last !== undefined && last.position + last.size === position)
    ranges[ranges.length - 1] = { position: last.position, size: last.size + size };
  else ranges.push({ position, size });
}
