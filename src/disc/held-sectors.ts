// Which sectors of a disc its image holds: those between its sessions are none of it, those of its tracks should be.
import { SECTOR_SIZE } from './data-stream.js';
import type { Disc } from './disc.js';
import type { PlanStream } from './plan-stream.js';
import { RAW_SECTOR_SIZE } from './sector-parity.js';

export interface HeldRun {
  /** Byte of the stream. */
  readonly start: number;
  /** Byte behind it. */
  readonly end: number;
}

export interface LackingRun {
  /** Logical block address. */
  readonly first: number;
  readonly sectors: number;
}

/** Runs of bytes of a stream that are not absent, in order. */
export function listHeld({ segments }: Pick<PlanStream, 'segments'>): HeldRun[] {
  const runs: { start: number; end: number }[] = [];
  for (const { kind, start, length } of segments) {
    if (kind === 'absent') continue;
    const last = runs.at(-1);
    if (last?.end === start) last.end = start + length;
    else runs.push({ start, end: start + length });
  }
  return runs;
}

/** Sectors of tracks of which an image holds neither user data nor all bytes. */
export function listLacking({ sessions, data, raw }: Pick<Disc, 'sessions' | 'data' | 'raw'>): LackingRun[] {
  const held = [
    ...listHeld(data).map((run) => inSectors(run, SECTOR_SIZE)),
    ...(raw === undefined ? [] : listHeld(raw)).map((run) => inSectors(run, RAW_SECTOR_SIZE)),
  ].sort((a, b) => a.start - b.start);
  const lacking: LackingRun[] = [];
  for (const { start, length, pregap = 0 } of sessions.flatMap(({ tracks }) => tracks)) {
    let at = Math.max(0, start - pregap);
    const end = start + length;
    for (const run of held) {
      if (run.end <= at || run.start >= end) continue;
      if (run.start > at) lacking.push({ first: at, sectors: run.start - at });
      at = run.end;
    }
    if (at < end) lacking.push({ first: at, sectors: end - at });
  }
  return lacking;
}

/** Sectors that begin in a run. */
function inSectors({ start, end }: HeldRun, bytes: number): HeldRun {
  return { start: Math.ceil(start / bytes), end: Math.ceil(end / bytes) };
}
