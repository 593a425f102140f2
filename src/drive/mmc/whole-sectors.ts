// Whole sectors of a disc, 2352 bytes each: as the image has them, or made of the user data where it has no more.
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { TrackMode } from '../../disc/disc.js';
import type { PlanStream } from '../../disc/plan-stream.js';
import { findSegment } from '../../disc/read-plan.js';
import { DATA_OFFSET, RAW_SECTOR_SIZE } from '../../disc/sector-parity.js';
import type { Medium } from './medium.js';
import { readOf } from './medium.js';
import { encodeSector, FORM_1_DATA_OFFSET, writeFront } from '../../disc/sector-code.js';
import type { CookedMode } from '../../disc/sector-code.js';
import { CheckCondition, UNRECOVERED_READ_ERROR } from './sense.js';

export interface SectorsWanted {
  readonly block: number;
  /** What is around the user data of sectors that have to be made; else it is zeros. */
  readonly withCodes: boolean;
  /** Sectors that cannot be read are zeros behind their headers, and are told of. */
  readonly marksBad: boolean;
}

/**
 * Fills `target` with whole sectors of one track after another. Gives those that could not be read, counted from the
 * first. Rejects with CheckCondition (UNRECOVERED READ ERROR) or `cancelled`.
 */
export async function readWholeSectors(
  medium: Medium,
  target: Buffer,
  wanted: SectorsWanted,
  signal?: AbortSignal,
): Promise<ReadonlySet<number>> {
  const bad = new Set<number>();
  const count = target.length / RAW_SECTOR_SIZE;
  for (let done = 0; done < count;) {
    const block = wanted.block + done;
    const region = medium.regionAt(block);
    const mode = region?.track?.mode ?? 'audio';
    const end = Math.min(count, (region?.end ?? Infinity) - wanted.block);
    const part = target.subarray(done * RAW_SECTOR_SIZE, end * RAW_SECTOR_SIZE);
    if (!(await tryToRead(medium, part, { ...wanted, block }, mode, signal))) {
      for (let i = done; i < end; i += 1) {
        const one = { ...wanted, block: wanted.block + i };
        const sector = target.subarray(i * RAW_SECTOR_SIZE, (i + 1) * RAW_SECTOR_SIZE);
        if (await tryToRead(medium, sector, one, mode, signal)) continue;
        sector.fill(0);
        if (mode !== 'audio') writeFront(sector, one.block, mode === 'mode1' ? 1 : 2);
        bad.add(i);
      }
    }
    done = end;
  }
  return bad;
}

/** False for what cannot be read, where that is no error. */
async function tryToRead(
  medium: Medium,
  target: Buffer,
  wanted: SectorsWanted,
  mode: TrackMode,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await readTrack(medium, target, wanted, mode, signal);
    return true;
  } catch (thrown) {
    if (thrown instanceof CheckCondition && wanted.marksBad) return false;
    throw thrown;
  }
}

async function readTrack(
  medium: Medium,
  target: Buffer,
  { block, withCodes }: SectorsWanted,
  mode: TrackMode,
  signal: AbortSignal | undefined,
): Promise<void> {
  // The user data of mode 1 need no codes, and those take longer to make than all the rest.
  const isCooked = !withCodes && mode === 'mode1';
  const stream = isCooked ? medium.disc.raw : medium.wholeSectors;
  const end = block + target.length / RAW_SECTOR_SIZE;
  for (let at = block; at < end;) {
    const place = findPlace(stream, at);
    const stop = Math.min(end, place.end);
    const part = target.subarray((at - block) * RAW_SECTOR_SIZE, (stop - block) * RAW_SECTOR_SIZE);
    if (stream !== undefined && (place.has === 'bytes' || mode === 'audio'))
      await readOf(stream, part, at * RAW_SECTOR_SIZE, at, signal);
    else if (mode !== 'audio' && mode !== 'mode2' && (isCooked || place.has === 'nothing'))
      await makeSectors(medium, part, at, mode, withCodes, signal);
    else throw new CheckCondition({ ...UNRECOVERED_READ_ERROR, information: at });
    at = stop;
  }
}

/** What a stream has of a sector, `nothing` behind its end; and the sector with which that changes. */
function findPlace(
  stream: PlanStream | undefined,
  block: number,
): { has: 'bytes' | 'absent' | 'nothing'; end: number } {
  const start = block * RAW_SECTOR_SIZE;
  const segment = stream?.segments[findSegment(stream.segments, start)];
  if (segment === undefined) return { has: 'nothing', end: Infinity };
  const isHole = segment.start > start;
  const end = isHole ? segment.start : segment.start + segment.length;
  return {
    has: isHole || segment.kind === 'absent' ? 'absent' : 'bytes',
    end: Math.max(block + 1, Math.floor(end / RAW_SECTOR_SIZE)),
  };
}

async function makeSectors(
  medium: Medium,
  target: Buffer,
  block: number,
  mode: CookedMode,
  withCodes: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const count = target.length / RAW_SECTOR_SIZE;
  const data = Buffer.allocUnsafe(count * SECTOR_SIZE);
  await medium.readBytes(data, block * SECTOR_SIZE, signal);
  for (let i = 0; i < count; i += 1) {
    const user = data.subarray(i * SECTOR_SIZE, (i + 1) * SECTOR_SIZE);
    const sector = target.subarray(i * RAW_SECTOR_SIZE, (i + 1) * RAW_SECTOR_SIZE);
    if (withCodes) sector.set(encodeSector(user, block + i, mode));
    else sector.fill(0).set(user, mode === 'xa' ? FORM_1_DATA_OFFSET : DATA_OFFSET);
  }
}
